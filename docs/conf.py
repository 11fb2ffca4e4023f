"""How `./dev docs` makes pages of the documents: Sphinx reads them where they lie.

Its source is the top of the repository, so that a link between two documents is the same link
here, on a forge and in an editor.
"""

project = "Vestibule"
author = project_copyright = "the Vestibule authors"

extensions = ["myst_parser", "sphinx_external_toc"]
external_toc_path = "docs/toc.yml"
include_patterns = ["*.md", "docs/**.md", "prosody/**.md"]
exclude_patterns = [".*", "build", "component", "tests"]  # what is not worth walking through
root_doc = "docs/index"

myst_heading_anchors = 4

html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sphinx = False
html_use_index = False
html_extra_path = ["index.html"]  # leads from the top to docs/index.html
