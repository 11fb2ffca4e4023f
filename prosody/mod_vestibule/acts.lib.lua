-- Acts: what the component has the gate do, and the states it asks for.
local st = require "util.stanza"; -- COMPAT 0.12
local jid = require "util.jid";
local user_exists = require "core.usermanager".user_exists;

return function (link, memory, roster, blocklist, stanzas, deliveries, checks)

local host = module.host;
local host_session = prosody.hosts[host];
local post = prosody.core_post_stanza;
local component = link.component;

local acts = {};

function acts.approve(user, contact, act)
	if act.attr.releasing then memory.release_begins(user, contact); end
	roster.approve(user, contact);
	memory.forget(user);
end

function acts.deny(user, contact)
	roster.deny(user, contact);
	memory.forget_written(user, contact);
	memory.forget(user);
end

acts.add = roster.add;

function acts.polite(user, contact)
	roster.polite_block(user, contact);
	memory.forget_written(user, contact);
	memory.forget(user);
end

function acts.block(user, contact)
	if jid.node(contact) then roster.clear_approval(user, contact); end
	memory.forget_written(user, contact);
	memory.forget(user);
	return blocklist.edit(user, contact, "block");
end

function acts.unblock(user, contact)
	memory.forget(user);
	return blocklist.edit(user, contact, "unblock");
end

function acts.flush(user, contact)
	if contact then memory.forget_written(user, contact); end
	memory.forget(user);
end

function acts.settled(user, contact)
	deliveries.settle(user, contact);
	memory.release_ends(user, contact);
end

-- A number larger than any would pass for a delivery of all that is still to come.
local function is_number(id)
	return id and #id < 16 and id:find("^%d+$") ~= nil;
end

function acts.deliver(user, contact, act)
	for held in act:childtags("held") do
		if not is_number(held.attr.id) then return nil, "a held message without a number"; end
	end
	for held in act:childtags("held") do
		local message = held.tags[1] and stanzas.from_wire(held.tags[1]);
		if message and message.name == "message" and not deliveries.is_repeat(user, contact, held.attr, act.attr.again, message) then
			message.attr.to = user;
			if not held.attr["in-order"] then -- else it was under way, and is no old message
				message:tag("delay", { xmlns = "urn:xmpp:delay", from = host, stamp = held.attr.stamp }):up();
			end
			checks.mark_passed(message);
			post(host_session, message);
		end
		deliveries.note(user, contact, held.attr.id);
	end
	deliveries.save(user);
end

local function state_of(act)
	local reply = st.stanza("state", { xmlns = link.xmlns });
	for pair in act:childtags("pair") do
		local user, contact = pair.attr.user, pair.attr.contact;
		local node, user_host = jid.split(user);
		local attr = {};
		if node and user_host == host and contact and user_exists(node, host) then
			attr = roster.facts(user, contact) or {};
			attr.exists = "1";
		end
		attr.user, attr.contact = user, contact;
		reply:tag("pair", attr):up();
	end
	return reply;
end

-- The user's whole roster, for "who can see me" and "my requests".
local function roster_of(user)
	local reply = st.stanza("roster", { xmlns = link.xmlns, user = user });
	for _, contact in ipairs(roster.contacts(user)) do
		local attr = roster.facts(user, contact);
		attr.user, attr.contact, attr.exists = user, contact, "1";
		reply:tag("pair", attr):up();
	end
	return reply;
end

-- Sent before the component learnt of what the user has decided since: not carried out.
local by_decision = { approve = true, deny = true, add = true, polite = true };

local function is_superseded(name, user, contact)
	return by_decision[name] and memory.is_decided(user, contact);
end

-- What is given up may be on its way out as well, until the component has learnt of it; so may
-- what the user has refused since.
local function is_too_early(name, user, contact)
	return name == "deliver" and (not link.is_open() or memory.is_decided(user, contact));
end

local function on_act(event)
	local origin, stanza = event.origin, event.stanza;
	local act = stanza.tags[1];
	if not act or act.attr.xmlns ~= link.xmlns or stanza.attr.type ~= "set" then return; end
	if not link.is_component(origin, stanza) then
		origin.send(st.error_reply(stanza, "auth", "forbidden"));
		return true;
	end
	if act.name == "state" then
		origin.send(st.reply(stanza):add_child(state_of(act)));
		return true;
	end
	local handler = acts[act.name];
	local needs_contact = act.name ~= "flush" and act.name ~= "roster";
	local user, contact = jid.prep(act.attr.user), jid.prep(act.attr.contact);
	local node, user_host = jid.split(user);
	if act.name == "flush" and not act.attr.user then
		memory.forget_all();
		origin.send(st.reply(stanza));
	elseif not handler and act.name ~= "roster" or not node or user_host ~= host or needs_contact and not contact then
		module:log("warn", "Malformed act from %s: %s", component, act:top_tag());
		origin.send(st.error_reply(stanza, "modify", "bad-request"));
	elseif not user_exists(node, host) then
		origin.send(st.error_reply(stanza, "cancel", "item-not-found"));
	elseif act.name == "roster" then
		origin.send(st.reply(stanza):add_child(roster_of(user)));
	elseif is_superseded(act.name, user, contact) then
		origin.send(st.reply(stanza));
	elseif is_too_early(act.name, user, contact) then
		origin.send(st.error_reply(stanza, "wait", "unexpected-request"));
	else
		local ok, err = handler(user, contact, act);
		if ok == nil and err then
			origin.send(st.error_reply(stanza, "cancel", "not-acceptable", err));
		else
			origin.send(st.reply(stanza));
		end
	end
	return true;
end

return on_act;

end
