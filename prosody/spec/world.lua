-- A world for one library of the gate, or for the whole of it: Prosody's real util.*, and in place
-- of the server tables that remember what they were told.
pcall(require, "loader"); -- Prosody 13.0 finds prosody.util.* by it; 0.12 has none and needs none

local st = require "util.stanza";
local parse = require "util.xml".parse;

local here = debug.getinfo(1, "S").source:match("^@(.*)/") or ".";
local fixtures = os.getenv("VESTIBULE_FIXTURES") or here .. "/../../tests/fixtures/gate";

local run = "9f3kQ2xW7aZd"; -- what the names of checks begin with in the golden files

-- Text that is there for people only: the wire has none of it.
local function tidy(stanza)
	for place = #stanza, 1, -1 do
		local child = stanza[place];
		if type(child) == "table" then
			tidy(child);
		elseif not child:find("%S") then
			table.remove(stanza, place);
		end
	end
	return stanza;
end

local function parsed(xml)
	local stanza, err = parse(xml);
	assert(stanza, err);
	return tidy(stanza);
end

-- An IQ as it comes from a stream: what is not of another namespace has none written.
local function received(xml)
	local stanza = parsed(xml);
	stanza.attr.xmlns = nil;
	return stanza;
end

local function golden(name)
	local file = assert(io.open(fixtures .. "/" .. name .. ".xml", "rb"));
	local xml = file:read("a");
	file:close();
	return received(xml);
end

-- One spelling for all that mean the same.
local function canonical(stanza, outer)
	local xmlns = stanza.attr.xmlns or outer or "";
	local attributes = {};
	for name, value in pairs(stanza.attr) do
		if name ~= "xmlns" then attributes[#attributes + 1] = name .. "=" .. ("%q"):format(value); end
	end
	table.sort(attributes);
	local inside = {};
	for _, child in ipairs(stanza) do
		inside[#inside + 1] = type(child) == "table" and canonical(child, xmlns) or ("%q"):format(child);
	end
	return ("{%s}%s(%s)[%s]"):format(xmlns, stanza.name, table.concat(attributes, " "), table.concat(inside, ","));
end

-- A store that keeps copies, as a disk does.
local function new_store(content)
	local function copy(value)
		if type(value) ~= "table" then return value; end
		local out = {};
		for key, inner in pairs(value) do out[copy(key)] = copy(inner); end
		return out;
	end
	local store = { content = content or {}, writes = 0 };
	function store:get(user) return copy(self.content[user or false]); end
	function store:set(user, value)
		if self.broken then return nil, "disk full"; end
		self.writes = self.writes + 1;
		self.content[user or false] = copy(value);
		return true;
	end
	return store;
end

local function new(wishes)
	wishes = wishes or {};
	local options = wishes.options or {};
	if options.vestibule_component == nil then options.vestibule_component = "vestibule.example.org"; end
	local world = {
		time = 1000; stores = wishes.stores or {}; logged = {}; sent = {}; posted = {}; hooks = {}; timers = {};
		features = {};
	};

	-- The component's connection.
	world.session = { conn = { options = {} } };
	function world.session.conn:setoption(name, value) self.options[name] = value; end
	function world.session.send(xml) table.insert(world.sent, tostring(xml)); end

	world.prosody = {
		version = "13.0.1"; bare_sessions = {}; full_sessions = {};
		core_post_stanza = function (_, stanza) table.insert(world.posted, stanza); end;
		hosts = {
			["example.org"] = { host = "example.org"; type = "local"; modules = {}; sessions = {} };
			["vestibule.example.org"] = { host = "vestibule.example.org"; type = "component"; events = {}; modules = { component = {} } };
		};
	};
	function world.connect() world.prosody.hosts["vestibule.example.org"].modules.component.session = world.session; end
	function world.disconnect() world.prosody.hosts["vestibule.example.org"].modules.component.session = nil; end

	local libraries = wishes.libraries or {};
	local module = { host = "example.org"; name = "vestibule" };
	world.module = module;
	function module.get_option_string(_, name, default) return options[name] or default; end
	function module.get_option_number(_, name, default) return options[name] or default; end
	function module.get_option_boolean(_, name, default)
		if options[name] == nil then return default; end
		return options[name];
	end
	function module.open_store(_, name, kind)
		if kind == "archive" then return world.archive; end
		world.stores[name] = world.stores[name] or new_store();
		return world.stores[name];
	end
	function module.log(_, level, text, ...) table.insert(world.logged, level .. ": " .. text:gsub("%%[qg]", "%%s"):format(...)); end
	local meter = { add = function () end; set = function () end; sample = function () end };
	function module.metric() return { with_labels = function () return meter; end }; end
	function module.add_item(_, _, feature) world.features[feature] = true; end
	function module.remove_item(_, _, feature) world.features[feature] = nil; end
	function module.set_status(_, kind, text) world.status = kind .. ": " .. text; end
	function module.hook(_, name, handler, priority)
		world.hooks[name] = world.hooks[name] or {};
		table.insert(world.hooks[name], { handler = handler, priority = priority or 0 });
		table.sort(world.hooks[name], function (a, b) return a.priority > b.priority; end);
	end
	module.hook_global = module.hook;
	function module.hook_object_event(_, _, name, handler) module:hook(name, handler); end
	function module.add_timer(_, delay, callback) table.insert(world.timers, { delay = delay, callback = callback }); end
	function module.measure() return function () end; end
	function module.require(_, name)
		if libraries[name] then return libraries[name]; end
		return world.load(name .. ".lib");
	end

	-- A socket that is always writable, as Prosody's event loop sees it.
	local writable, wants_to_write, must_prove = nil, false, true;
	local stubs = {
		["util.time"] = { now = function () return world.time; end };
		["util.id"] = { short = function () return run; end };
		["core.rostermanager"] = {};
		["core.usermanager"] = { user_exists = function (node) return node ~= "gone"; end };
		["socket"] = { udp4 = function () return { close = function () end }; end };
		["net.server"] = {
			watchfd = function (_, _, on_writable)
				writable = on_writable;
				return { set = function (_, _, wants) wants_to_write = wants; end; close = function () end };
			end;
		};
	};
	for name, stub in pairs(wishes.stubs or {}) do stubs[name] = stub; end
	local env = setmetatable({ module = module, prosody = world.prosody }, { __index = _G });
	function env.require(name) return stubs[name] or require(name); end

	local loaded = {};
	function world.load(name)
		if loaded[name] == nil then
			loaded[name] = assert(loadfile(here .. "/../mod_vestibule/" .. name .. ".lua", "t", env))();
		end
		return loaded[name];
	end

	-- One turn of the event loop ends.
	function world.turn()
		if writable and (wants_to_write or must_prove) then
			must_prove = false;
			writable({ set = function (_, _, wants) wants_to_write = wants; end });
		end
	end

	function module.fire_event(_, name, event) return world.fire(name, event); end
	function world.fire(name, event)
		for _, hook in ipairs(world.hooks[name] or {}) do
			local result = hook.handler(event);
			if result ~= nil then return result; end
		end
	end

	-- What was sent on the component's stream since the last look, parsed.
	function world.take_sent()
		local sent = world.sent;
		world.sent = {};
		for place, xml in ipairs(sent) do sent[place] = received(xml); end
		return sent;
	end

	-- The component answers, by default on its own stream.
	function world.answer(stanza, origin)
		return { origin = origin or world.session, stanza = stanza };
	end
	return world;
end

-- An answer to what was sent, of the form of a golden file.
local function reply_to(iq, name)
	local reply = golden(name);
	reply.attr.id = iq.attr.id;
	return reply;
end

return {
	new = new; new_store = new_store; st = st;
	parsed = parsed; received = received; golden = golden; canonical = canonical; reply_to = reply_to;
};
