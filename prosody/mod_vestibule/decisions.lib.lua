-- The user's own decisions, made in any client: the component learns of them inside the hook,
-- before the stanza moves on, on the stream its verdicts come by.
local jid = require "util.jid"; -- COMPAT 0.12

return function (link, memory, roster, deliveries, checks, stanzas, is_exempt)

local host = module.host;

-- The user decided: nothing decided before may be applied any more.
local function make_stale(user, contact)
	memory.forget(user);
	local batches, gathering = link.batches();
	local function mark(batch)
		for _, check in ipairs(batch) do
			if check.user == user and (not contact or check.contact == contact or jid.host(check.contact) == contact) then
				checks.overtake(check);
			end
		end
	end
	for _, batch in pairs(batches) do mark(batch); end
	if gathering then mark(gathering); end
end

-- Decide who may see or reach the user, other than what is only known about a contact.
local settling = { approved = true, denied = true, removed = true, blocked = true, unblocked = true };

local function settles(kind)
	return settling[kind] == true;
end

-- Tell the component before the stanza moves on, on the stream the verdicts come by.
local function user_decided(kind, user, contact, attr)
	attr = attr or {};
	attr.user, attr.contact = user, contact;
	if contact and settles(kind) then memory.decision_begins(memory.pair(user, contact)); end
	-- From here on the roster lets the contact pass, beside what may be held: none of that takes
	-- the short cut until the component says that nothing is.
	local opens = kind == "approved" and not roster.is_authorized(user, contact);
	if link.event(kind, attr, kind == "wrote") and opens then
		memory.release_begins(memory.pair(user, contact));
	end
	make_stale(user, contact);
end

local decisions = { subscribed = "approved", unsubscribed = "denied", subscribe = "added", unsubscribe = "cancelled" };

local function on_own_presence(event)
	local origin, stanza = event.origin, event.stanza;
	local kind = decisions[stanza.attr.type or ""];
	if not kind or origin.type ~= "c2s" or not stanza.attr.to then return; end
	local user, contact = origin.username .. "@" .. origin.host, jid.bare(stanza.attr.to);
	if user == contact or is_exempt.service(contact) then return; end
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
	if user == contact or is_exempt.service(contact) or is_exempt.room(user, contact) then return; end
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

return {
	decided = user_decided; settles = settles;
	on_presence = on_own_presence; on_message = on_own_message;
	on_roster_removal = on_roster_removal; on_blocklist = on_blocklist; on_user_deleted = on_user_deleted;
};

end
