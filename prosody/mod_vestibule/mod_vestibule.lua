-- mod_vestibule: the gate. Asks an external component what becomes of subscription requests and
-- messages from contacts the user has not authorised, and applies its verdicts.
-- MIT licence. No policy in here: see PROTOCOL.md beside this folder.
local st = require "util.stanza"; -- COMPAT 0.12: prosody.util.* does not resolve there
local jid = require "util.jid";
local user_exists = require "core.usermanager".user_exists;

local stanzas = module:require "stanzas";
local memory = module:require "memory";
local roster = module:require "roster";
local link = module:require "link";
local deliveries = module:require "deliveries";

local host = module.host;
local host_session = prosody.hosts[host];
local bare_sessions, hosts = prosody.bare_sessions, prosody.hosts;
local post = prosody.core_post_stanza;
local component = link.component;

if not component then
	error("vestibule_component is not set: name the component, e.g. vestibule_component = \"vestibule.example.com\"", 0);
end

-- Stanzas we let go on, marked by identity: nothing a peer can forge.
local passed = setmetatable({}, { __mode = "k" });

local function let_pass(check)
	passed[check.stanza] = true;
	post(check.origin, check.stanza);
end

-- Refusing ------------------------------------------------------------------------------------

-- What the component said at hello that a sender is told, by letter of the verdict.
local replies = {};

local function bounce(check, kind, condition, text)
	local stanza = check.stanza;
	if stanza.name == "presence" or stanza.name == "message" and stanzas.is_chatter(stanza) then return; end
	check.origin.send(st.error_reply(stanza, kind, condition, text));
end

local function bounce_as(check, letter)
	local reply = replies[letter];
	if reply then
		bounce(check, reply.type, reply.condition, reply.text);
	else
		bounce(check, "cancel", "service-unavailable");
	end
end

-- Asking --------------------------------------------------------------------------------------

-- A request nobody judged: Prosody treats it as ever, and the component learns of it later.
local function fall_back(check)
	if not roster.is_pending(check.user, check.contact) and not roster.is_authorized(check.user, check.contact) then
		link.event("requested", { user = check.user, contact = check.contact }, false, check.wire);
	end
	let_pass(check);
end

-- No verdict to be had. The authorised are never in the way of an outage.
local function without_verdict(check)
	if check.kind == "subscribe" then
		fall_back(check);
	elseif roster.is_authorized(check.user, check.contact) then
		let_pass(check);
	elseif check.kind == "iq" then
		bounce(check, "cancel", "service-unavailable");
	else
		bounce(check, "wait", "remote-server-timeout", "This message could not be checked right now. Please try again later.");
	end
end

local function ask(kind, user, contact, origin, stanza)
	if origin.type ~= "c2s" or kind == "subscribe" then
		stanza = st.clone(stanza); -- others reuse what they send
	end
	local attr = roster.facts(user, contact);
	attr.kind, attr.user, attr.contact = kind, user, contact;
	local check = {
		kind = kind; user = user; contact = contact; attr = attr;
		origin = origin; stanza = stanza; wire = stanzas.to_wire(stanza);
		pair = memory.pair(user, contact);
	};
	memory.check_begins(check.pair);
	if not link.ask(check) then
		memory.check_ends(check.pair);
		without_verdict(check);
	end
	return true;
end

-- Verdicts ------------------------------------------------------------------------------------

local function nothing_more() end

local apply = {
	p = let_pass;
	k = let_pass; -- ask: Prosody stores the request and shows it to the user's clients
	h = nothing_more; -- held: the component has it on disk
	d = nothing_more;
	b = bounce_as; r = bounce_as; w = bounce_as;
	a = function (check) roster.approve_request(check.user, check.contact, check.stanza); end;
	n = function (check) roster.deny_request(check.user, check.contact); end;
	o = function (check) roster.polite_block(check.user, check.contact); end;
};

function link.on.verdict(check, letter)
	memory.check_ends(check.pair);
	if check.is_stale and letter ~= "h" then
		-- The user decided about this contact after the component did: ask again. What it
		-- holds is safe, since it learns of the user's decision after holding.
		ask(check.kind, check.user, check.contact, check.origin, check.stanza);
		return;
	end
	if check.is_releasing then memory.release_begins(check.pair); end
	local remember = check.remember;
	if remember then
		memory.remember(check.user, check.kind, remember.any and "" or check.contact, letter, remember.lifetime);
	end
	local handler = apply[letter];
	if not handler then
		module:log("error", "Unknown verdict %q from %s", letter, component);
		return without_verdict(check);
	end
	handler(check, letter);
end

function link.on.gave_up(check)
	memory.check_ends(check.pair);
	without_verdict(check);
end

-- The user decided: nothing decided before may be applied any more.
local function make_stale(user, contact)
	memory.forget(user);
	local batches, gathering = link.batches();
	local function mark(batch)
		for _, check in ipairs(batch) do
			if check.user == user and (not contact or check.contact == contact or jid.host(check.contact) == contact) then
				check.is_stale = true;
			end
		end
	end
	for _, batch in pairs(batches) do mark(batch); end
	if gathering then mark(gathering); end
end

-- Tell the component before the stanza moves on, on the stream the verdicts come by.
local function user_decided(kind, user, contact, attr)
	attr = attr or {};
	attr.user, attr.contact = user, contact;
	if link.event(kind, attr, kind == "wrote") and contact and kind ~= "wrote" then
		memory.release_begins(memory.pair(user, contact)); -- until it says that nothing is held
	end
	make_stale(user, contact);
end

function link.on.event_done(user, contact, reply)
	if user and contact and not reply:get_child("releasing", link.xmlns) then
		memory.release_ends(memory.pair(user, contact));
	end
end

function link.on.opened(hello)
	replies = {};
	for reply in hello:childtags("bounce") do
		replies[reply.attr.verdict] = { type = reply.attr.type, condition = reply.attr.condition, text = reply:get_text() };
	end
	for pair in hello:childtags("releasing") do
		memory.release_begins(memory.pair(pair.attr.user, pair.attr.contact));
	end
end

function link.on.closed()
	memory.release_ends_for_all();
	memory.forget_all();
end

-- Acts of the component -----------------------------------------------------------------------

local acts = {};

function acts.approve(user, contact, act)
	if act.attr.releasing then memory.release_begins(memory.pair(user, contact)); end
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
	memory.forget(user);
end

function acts.block(user, contact)
	memory.forget(user);
	return roster.edit_blocklist(user, contact, "block");
end

function acts.unblock(user, contact)
	memory.forget(user);
	return roster.edit_blocklist(user, contact, "unblock");
end

function acts.flush(user)
	memory.forget(user);
end

function acts.settled(user, contact)
	deliveries.settle(user, contact);
	memory.release_ends(memory.pair(user, contact));
end

function acts.deliver(user, contact, act)
	for held in act:childtags("held") do
		local message = held.tags[1] and stanzas.from_wire(held.tags[1]);
		if message and message.name == "message" and not deliveries.is_repeat(user, contact, held.attr, act.attr.again, message) then
			message.attr.to = user;
			message:tag("delay", { xmlns = "urn:xmpp:delay", from = host, stamp = held.attr.stamp }):up();
			passed[message] = true;
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
			attr = roster.facts(user, contact);
			attr.exists = "1";
		end
		attr.user, attr.contact = user, contact;
		reply:tag("pair", attr):up();
	end
	return reply;
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
	local user, contact = jid.prep(act.attr.user), jid.prep(act.attr.contact);
	local node, user_host = jid.split(user);
	if not handler or not node or user_host ~= host or not contact and act.name ~= "flush" then
		module:log("warn", "Malformed act from %s: %s", component, act:top_tag());
		origin.send(st.error_reply(stanza, "modify", "bad-request"));
	elseif not user_exists(node, host) then
		origin.send(st.error_reply(stanza, "cancel", "item-not-found"));
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

-- Inbound -------------------------------------------------------------------------------------

local function user_of(bare)
	local node, user_host = jid.split(bare);
	return node and user_host == host and user_exists(node, host);
end

-- Addresses of this server without a localpart, and our own component.
local function is_service(contact)
	if contact == component or contact:sub(-#component - 1) == "@" .. component then return true; end
	return hosts[contact] ~= nil;
end

-- Rooms the user is in, and whoever else got the user's directed presence.
local function is_joined(user, contact)
	for _, session in pairs(bare_sessions[user] and bare_sessions[user].sessions or {}) do
		for to in pairs(session.directed or {}) do
			if jid.bare(to) == contact then return true; end
		end
	end
	return false;
end

-- A mediated invitation is judged by its inviter where the room vouches for them: a room of this
-- server, where we can look behind the occupant's address. Else the sender is judged.
local function inviter_of(contact, stanza)
	local x = stanza:get_child("x", "http://jabber.org/protocol/muc#user");
	local invite = x and x:get_child("invite");
	local room_host = invite and hosts[jid.host(contact)];
	local muc = room_host and room_host.modules.muc;
	if not muc or not invite.attr.from then return contact; end
	local from = invite.attr.from;
	if jid.bare(from) ~= contact then return jid.bare(from); end
	local room = muc.get_room_from_jid(contact);
	local occupant = room and room:get_occupant_by_nick(from);
	return occupant and occupant.bare_jid or contact;
end

local function on_message(event)
	local origin, stanza = event.origin, event.stanza;
	local attr = stanza.attr;
	local to, from = attr.to, attr.from;
	if not to then return; end
	local user, contact = jid.bare(to), jid.bare(from);
	local online = bare_sessions[user];
	local is_busy = memory.is_busy(user, contact);
	if online and not is_busy then
		local item = online.roster and online.roster[contact];
		local subscription = item and item.subscription;
		if subscription == "both" or subscription == "from" then return; end
	end
	if passed[stanza] then
		passed[stanza] = nil;
		return;
	end
	if user == contact or attr.type == "groupchat" or is_service(contact) or not user_of(user) then return; end
	if not is_busy and not online and roster.is_authorized(user, contact) then return; end
	if is_joined(user, contact) then return; end
	if attr.type == "error" then
		if memory.has_written(user, contact) or roster.is_authorized(user, contact) then return; end
		return true; -- an error is not a stranger's way in, and is never answered
	end
	contact = inviter_of(contact, stanza);
	if contact == user or contact ~= jid.bare(from) and roster.is_authorized(user, contact) then return; end
	stanzas.strip_forgeries(stanza);
	if not memory.is_busy(user, contact) then
		local letter = memory.remembered(user, "message", contact);
		if letter then
			if letter == "p" then return; end
			apply[letter]({ origin = origin, stanza = stanza, user = user, contact = contact }, letter);
			return true;
		end
	end
	return ask("message", user, contact, origin, stanza);
end

-- A resource the contact may not see is answered for as one that is not there.
local function on_iq(event)
	local origin, stanza = event.origin, event.stanza;
	local kind = stanza.attr.type;
	if passed[stanza] then
		passed[stanza] = nil;
		return;
	end
	if kind ~= "get" and kind ~= "set" or not stanza.attr.from then return; end
	local user, contact = jid.bare(stanza.attr.to), jid.bare(stanza.attr.from);
	if user == contact or is_service(contact) or not user_of(user)
		or roster.is_authorized(user, contact) or is_joined(user, contact) then return; end
	local letter = memory.remembered(user, "iq", contact);
	if letter == "p" then return; end
	if letter then
		bounce({ origin = origin, stanza = stanza }, "cancel", "service-unavailable");
		return true;
	end
	return ask("iq", user, contact, origin, stanza);
end

local function on_presence(event)
	local origin, stanza = event.origin, event.stanza;
	local kind = stanza.attr.type;
	if kind ~= "subscribe" and kind ~= "unsubscribe" and kind ~= "probe" or not stanza.attr.to then return; end
	if passed[stanza] then
		passed[stanza] = nil;
		return;
	end
	local user, contact = jid.bare(stanza.attr.to), jid.bare(stanza.attr.from);
	if user == contact or is_service(contact) or not user_of(user) then return; end
	if kind == "unsubscribe" then
		if roster.is_pending(user, contact) or roster.is_authorized(user, contact) then
			user_decided("withdrawn", user, contact);
		end
		return;
	end
	if roster.is_authorized(user, contact) then return; end
	if kind == "probe" then
		-- Prosody would answer "unsubscribed", and by that forget the request.
		if not roster.is_pending(user, contact) then return; end
		post(host_session, stanzas.presence("unavailable", user, contact));
		return true;
	end
	return ask("subscribe", user, contact, origin, stanza);
end

-- Outbound: what the user does --------------------------------------------------------------------

local decisions = { subscribed = "approved", unsubscribed = "denied", subscribe = "added", unsubscribe = "cancelled" };

local function on_own_presence(event)
	local origin, stanza = event.origin, event.stanza;
	local kind = decisions[stanza.attr.type or ""];
	if not kind or origin.type ~= "c2s" or not stanza.attr.to then return; end
	local user, contact = origin.username .. "@" .. origin.host, jid.bare(stanza.attr.to);
	if user == contact or is_service(contact) then return; end
	user_decided(kind, user, contact, roster.facts(user, contact));
	if kind == "denied" then
		memory.forget_written(user, contact);
		roster.clear_approval(user, contact);
	end
end

local function on_own_message(event)
	local origin, stanza = event.origin, event.stanza;
	local to, kind = stanza.attr.to, stanza.attr.type;
	if origin.type ~= "c2s" or not to or kind == "error" or kind == "groupchat" then return; end
	local user, contact = origin.username .. "@" .. origin.host, jid.bare(to);
	if user == contact or is_service(contact) or is_joined(user, contact) then return; end
	if memory.note_written(user, contact) and not roster.is_authorized(user, contact)
		and not stanzas.is_chatter(stanza) then
		user_decided("wrote", user, contact);
	end
end

local function on_roster_removal(event)
	local origin = event.origin;
	if not origin or origin.type ~= "c2s" then return; end
	local user = event.username .. "@" .. host;
	memory.forget_written(user, event.jid);
	user_decided("removed", user, event.jid);
end

local function on_blocklist(kind)
	return function (event)
		local origin, action = event.origin, event.stanza.tags[1];
		if origin.type ~= "c2s" then return; end
		local user = origin.username .. "@" .. origin.host;
		local contacts = {};
		for item in action:childtags("item") do
			local contact = jid.prep(item.attr.jid);
			if not contact then return; end -- mod_blocklist refuses the whole
			contacts[#contacts + 1] = contact;
		end
		if kind == "unblocked" and not contacts[1] then
			user_decided(kind, user);
		end
		for _, contact in ipairs(contacts) do
			user_decided(kind, user, contact);
		end
	end
end

local function on_user_deleted(event)
	if event.host ~= host then return; end
	user_decided("deleted", event.username .. "@" .. host);
	deliveries.forget(event.username .. "@" .. host);
end

-- All hooks -----------------------------------------------------------------------------------

local after_blocklist, before_archive = 50, 50; -- mod_blocklist 100, mod_mam and mod_presence 0
local after_invites = 0.5; -- mod_invites_register 1: approves a valid token and falls through
local before_roster_changes = 10; -- core presence 0
local before_blocklist_changes = 0; -- mod_blocklist -1

module:hook("message/bare", on_message, before_archive);
module:hook("message/full", on_message, before_archive);
module:hook("iq/full", on_iq, after_blocklist);
module:hook("presence/bare", on_presence, after_invites);
module:hook("presence/full", on_presence, after_invites);

module:hook("pre-presence/bare", on_own_presence, before_roster_changes);
module:hook("pre-presence/full", on_own_presence, before_roster_changes);
module:hook("pre-message/bare", on_own_message, after_blocklist);
module:hook("pre-message/full", on_own_message, after_blocklist);
module:hook("roster-item-removed", on_roster_removal, before_roster_changes);
module:hook("iq-set/self/urn:xmpp:blocking:block", on_blocklist("blocked"), before_blocklist_changes);
module:hook("iq-set/self/urn:xmpp:blocking:unblock", on_blocklist("unblocked"), before_blocklist_changes);
module:hook_global("user-deleted", on_user_deleted);

module:hook("iq/host", link.on_reply, 10);
module:hook("iq/host", on_act, 9);

-- The component's host may be activated after this one, and has events of its own.
local function watch_component()
	local component_host = hosts[component];
	if not component_host then return; end
	module:hook_object_event(component_host.events, "component-authenticated", link.greet);
	module:hook_object_event(component_host.events, "component-disconnected", link.lost);
	link.greet();
end

if hosts[component] then
	watch_component();
else
	module:hook_global("host-activated", function (activated)
		if activated == component then watch_component(); end
	end);
end

module:add_timer(1, link.sweep);

function module.unload()
	link.close();
end
