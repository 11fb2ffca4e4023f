import sys, logging
from pathlib import Path
from vestibule.config import load
from vestibule.app import run
logging.basicConfig(level=logging.INFO, stream=sys.stderr)
sys.exit(run(load(Path(sys.argv[sys.argv.index("--config")+1]))))
