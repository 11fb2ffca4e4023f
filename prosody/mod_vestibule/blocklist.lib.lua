-- Whom users block (XEP-0191), asked of and told to mod_blocklist itself, so that its list, its
-- caches and the users' clients agree.
local st = require "util.stanza"; -- COMPAT 0.12
local cache = require "util.cache";
local jid = require "util.jid";

local host = module.host;
local sessions = prosody.hosts[host].sessions;

-- As if the user's client had sent it; returns the reply, or nil and why there is none.
local function ask(username, kind, payload)
	local reply;
	local iq = st.iq({ type = kind, id = "vestibule", from = username .. "@" .. host }):add_child(payload);
	local origin = {
		type = "local"; username = username; host = host; log = module._log;
		send = function (stanza) reply = stanza; end;
	};
	local ok, handled = pcall(module.fire_event, module,
		"iq-" .. kind .. "/self/urn:xmpp:blocking:" .. payload.name, { origin = origin, stanza = iq });
	if not ok then return nil, tostring(handled); end
	if not handled then return nil, "mod_blocklist is not loaded"; end
	return reply;
end

-- mod_blocklist walks the user's sessions: an offline user gets an empty set for that moment.
local function edit(user, contact, action)
	local username = jid.node(user);
	local is_offline = not sessions[username];
	if is_offline then sessions[username] = { sessions = {} }; end
	local reply, err = ask(username, "set", st.stanza(action, { xmlns = "urn:xmpp:blocking" }):tag("item", { jid = contact }):up());
	if is_offline then sessions[username] = nil; end
	if not reply then return nil, err; end
	if reply.attr.type == "error" then return nil, select(3, reply:get_error()) or "refused"; end
	return true;
end

-- username -> { [address] = true }, until something changes in it
local lists = cache.new(math.max(1, module:get_option_number("vestibule_cache_users", 10000)));

local function on_change(event)
	lists:set(event.origin.username, nil);
end

local function list_of(username)
	local list = lists:get(username);
	if not list then
		list = {};
		local reply = ask(username, "get", st.stanza("blocklist", { xmlns = "urn:xmpp:blocking" }));
		for item in reply and reply:get_child("blocklist", "urn:xmpp:blocking"):childtags("item") or function () end do
			list[item.attr.jid] = true;
		end
		lists:set(username, list);
	end
	return list;
end

-- By an address, one device of it, or its whole domain, as mod_blocklist has it. Most block nobody.
local function is_blocked(username, address)
	local list = list_of(username);
	return next(list) ~= nil and (list[address] or list[jid.bare(address)] or list[jid.host(address)]) or false;
end

return { edit = edit; is_blocked = is_blocked; on_change = on_change };
