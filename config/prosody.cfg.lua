-- A whole, small configuration of Prosody (0.12 or 13.0) with Vestibule. To add Vestibule to a
-- server you have, copy the parts marked [Vestibule]. Then:  prosodyctl check config
--
-- "example.org" is the host with the users, "vestibule.example.org" the component. The component
-- needs no DNS entry and no certificate: nobody outside connects to it.

admins = { }

pidfile = "/run/prosody/prosody.pid"
log = { info = "*syslog" }
certificates = "certs"

authentication = "internal_hashed"
storage = "internal"
archive_expires_after = "1y"

-- Optional, and good for every server: the garbage collector's default costs about half of the
-- CPU time of each message.
gc = { threshold = 200 }

-- [Vestibule] The folder that contains mod_vestibule. This is where pip puts it if Vestibule is
-- installed in a virtual environment at /opt/vestibule.
plugin_paths = { "/opt/vestibule/share/vestibule/prosody" }

modules_enabled = {
	-- needed
	"disco";
	"roster";
	"saslauth";
	"tls";
	"blocklist"; -- [Vestibule] a block made in a client and one made here are the same
	"mam"; -- [Vestibule] looked into so that a held message is not delivered twice

	-- what today's clients count on
	"bookmarks";
	"carbons";
	"csi_simple";
	"dialback";
	"pep";
	"ping";
	"private";
	"smacks";
	"vcard4";
	"vcard_legacy";
	"version";
}

-- [Vestibule] Where components connect. Their stream is not encrypted: keep it on this machine.
component_interfaces = { "127.0.0.1", "::1" }
component_ports = { 5347 }

VirtualHost "example.org"
	-- [Vestibule] On each host whose users are served, and listed in the component's `hosts`.
	modules_enabled = { "vestibule" }
	vestibule_component = "vestibule.example.org"

-- [Vestibule] The same secret as in the component's configuration. Make one of your own:
--     openssl rand -hex 32
Component "vestibule.example.org"
	component_secret = "CHANGE-ME"
