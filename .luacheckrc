-- luacheck for the gate: what Prosody gives a module is listed, not silenced.
std = "lua54"
max_line_length = 150

files["prosody/mod_vestibule"] = {
	read_globals = {
		module = {
			fields = {
				host = {}; name = {}; _log = {};
				unload = { read_only = false };
			};
		};
		prosody = {
			fields = {
				hosts = { other_fields = true; read_only = false }; bare_sessions = { other_fields = true; read_only = false }; full_sessions = { other_fields = true };
				core_post_stanza = {}; version = {};
			};
		};
	};
}
for _, method in ipairs {
	"add_item", "add_timer", "fire_event", "get_option_boolean", "get_option_number", "get_option_string", "hook", "hook_global", "hook_object_event",
	"log", "metric", "open_store", "remove_item", "require", "set_status", "send", "measure",
} do
	files["prosody/mod_vestibule"].read_globals.module.fields[method] = {};
end

files["prosody/spec"] = { std = "+busted" }
