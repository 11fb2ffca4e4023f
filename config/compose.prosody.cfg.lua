-- Prosody's configuration in compose.yaml. The domain and the secret come from its environment.

admins = { }

pidfile = "/tmp/prosody.pid"
data_path = "/var/lib/prosody"
log = { info = "*console" }
certificates = "/etc/prosody/certs"

authentication = "internal_hashed"
storage = "internal"
archive_expires_after = "1y"

-- Optional, and good for every server: the garbage collector's default costs about half of the
-- CPU time of each message.
gc = { threshold = 200 }

plugin_paths = { "/opt/vestibule/prosody" }

modules_enabled = {
	"admin_shell", -- for prosodyctl: adduser, module:reload
	"disco", "roster", "saslauth", "tls", "blocklist", "mam",
	"bookmarks", "carbons", "csi_simple", "dialback", "pep", "ping", "private", "smacks",
	"time", "vcard4", "vcard_legacy", "version",
}

-- The network between the two containers is private to them.
component_interfaces = { "*" }
component_ports = { 5347 }

VirtualHost(ENV_XMPP_DOMAIN)
	modules_enabled = { "vestibule" }
	vestibule_component = "vestibule." .. ENV_XMPP_DOMAIN

Component("vestibule." .. ENV_XMPP_DOMAIN)
	component_secret = ENV_VESTIBULE_SECRET
