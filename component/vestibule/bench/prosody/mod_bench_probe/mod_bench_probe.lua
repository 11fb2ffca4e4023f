-- Measures the gate from within the server it runs in: what its hooks add to a message between
-- two people who know each other, what its memory of verdicts takes, how often rosters were read and written.
-- Part of the bench and of the tests that count; never for a server with users.
local st = require "util.stanza"; -- COMPAT 0.12
local jid = require "util.jid";

local host = module.host;
local host_session = prosody.hosts[host];
local xmlns_bench = "urn:vestibule:bench";

local calls, calls_for_memory = 200000, 10000;
local rooms = 30;
local verdicts, verdicts_of_a_user = 100000, 10;

local function nothing() end

local function gate_handlers(name)
	local found = {};
	for _, handler in ipairs(host_session.events.get_handlers(name) or {}) do
		if debug.getinfo(handler, "S").source:find("vestibule", 1, true) then
			found[#found + 1] = handler;
		end
	end
	return found;
end

-- The least of several: what else the machine does only adds.
local function seconds_of(handler, event)
	local least = math.huge;
	for _ = 1, 5 do
		local start = os.clock();
		for _ = 1, calls do handler(event); end
		least = math.min(least, os.clock() - start);
	end
	return least;
end

-- Nanoseconds and bytes of one call of each of the gate's hooks for an event.
local function cost_of(name, event)
	local nanoseconds, bytes = 0, 0;
	for _, handler in ipairs(gate_handlers(name)) do
		assert(handler(event) == nil, "the gate wanted to do something about " .. name);
		nanoseconds = nanoseconds + (seconds_of(handler, event) - seconds_of(nothing, event)) / calls * 1e9;
		collectgarbage();
		collectgarbage("stop");
		handler(event); -- makes again the short texts that were collected just now
		local before = collectgarbage("count");
		for _ = 1, calls_for_memory do handler(event); end
		bytes = bytes + (collectgarbage("count") - before) * 1024 / calls_for_memory;
		collectgarbage("restart");
	end
	return nanoseconds, bytes;
end

local measures = {};

-- The asker writes to the first contact in their roster who is online, to all their devices and to
-- one; who is in many rooms and hears from one of them.
function measures.hooks(origin)
	local to;
	for contact, item in pairs(origin.roster) do
		if contact and item.subscription == "both" and prosody.bare_sessions[contact] then to = contact; end
	end
	local resource, device = next(prosody.bare_sessions[to].sessions);
	local function message(kind, from, address)
		local stanza = st.message({ to = address, from = from, type = kind, id = "x" }):text_tag("body", "hello");
		return { origin = origin, stanza = stanza };
	end
	local function both_ends(form, address)
		local event = message("chat", origin.full_jid, address);
		local sent_ns, sent_bytes = cost_of("pre-message/" .. form, event);
		local received_ns, received_bytes = cost_of("message/" .. form, event);
		return sent_ns + received_ns, sent_bytes + received_bytes;
	end
	local bare_ns, bare_bytes = both_ends("bare", to);
	local device_ns, device_bytes = both_ends("full", to .. "/" .. resource);

	local before = device.directed;
	device.directed = {};
	for number = 1, rooms do device.directed[("room-%d@rooms.example.com/somebody"):format(number)] = true; end
	local of_a_room = message("groupchat", "room-7@rooms.example.com/somebody else", to .. "/" .. resource);
	local room_ns, room_bytes = cost_of("message/full", of_a_room);
	device.directed = before;
	return {
		bare_ns = bare_ns; bare_bytes = bare_bytes;
		device_ns = device_ns; device_bytes = device_bytes;
		room_ns = room_ns; room_bytes = room_bytes;
	};
end

local function kib()
	collectgarbage();
	collectgarbage();
	return collectgarbage("count");
end

-- A second instance of the gate's memory, filled; the gate's own stays as it is.
function measures.memory()
	local before = kib();
	local memory = host_session.modules.vestibule.module:require "memory";
	for number = 1, verdicts do
		local user = ("somebody-%d@example.com"):format(number // verdicts_of_a_user);
		local contact = ("a.contact-%d@elsewhere.example.org"):format(number);
		memory.remember(user, "message", contact, "b", 60);
	end
	local after = kib();
	assert(memory.remembered("somebody-1@example.com", "message", "a.contact-11@elsewhere.example.org") == "b");
	return { mib = (after - before) / 1024; verdicts = verdicts };
end

local rosters_read = 0;
module:hook("roster-load", function () rosters_read = rosters_read + 1; end);

function measures.rosters()
	return { read = rosters_read };
end

local rosters_written = 0;
module:hook("store-opened", function (event)
	if event.store_name ~= "roster" or event.store_type == "map" then return; end -- that writes through another
	local store, set = event.store, event.store.set;
	function store:set(...)
		rosters_written = rosters_written + 1;
		return set(self, ...);
	end
end);

function measures.writes()
	return { rosters = rosters_written };
end

local function on_question(event)
	local origin, stanza = event.origin, event.stanza;
	local what = stanza.tags[1];
	if not what or what.attr.xmlns ~= xmlns_bench then return; end
	if stanza.attr.type ~= "get" or not measures[what.name] or jid.host(stanza.attr.from) ~= host then return; end
	local texts = {};
	for name, value in pairs(measures[what.name](origin)) do
		texts[#texts + 1] = ("%s=%.3f"):format(name, value);
	end
	origin.send(st.message({ id = "probe", figures = table.concat(texts, " ") }));
	origin.send(st.reply(stanza));
	return true;
end

module:hook("iq/host", on_question, 20);
