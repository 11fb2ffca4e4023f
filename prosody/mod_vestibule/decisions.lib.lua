-- The user's own decisions, made in any client: the component learns of them inside the hook,
-- before the stanza moves on, on the stream its verdicts come by.
local jid = require "util.jid"; -- COMPAT 0.12
local st = require "util.stanza";
local match = string.match;

local xmlns_report = "urn:xmpp:reporting:1";
local max_report = 4096; -- characters

return function (link, memory, roster, deliveries, checks, stanzas, is_exempt)

local host = module.host;

-- Calls back for each check of the user that waits for its verdict; contact: an address, a
-- domain, or nil for all.
local function each_check(user, contact, callback)
	local batches, gathering = link.batches();
	local function look_through(batch)
		for _, check in ipairs(batch) do
			if check.user == user and (not contact or check.contact == contact or jid.host(check.contact) == contact) then
				callback(check);
			end
		end
	end
	for _, batch in pairs(batches) do look_through(batch); end
	if gathering then look_through(gathering); end
end

-- The user decided: nothing decided before may be applied any more.
local function make_stale(user, contact)
	memory.forget(user);
	each_check(user, contact, checks.overtake);
end

-- Decide who may see or reach the user, other than what is only known about a contact.
local settling = { approved = true, denied = true, removed = true, blocked = true, unblocked = true };

local function settles(kind)
	return settling[kind] == true;
end

-- Take nothing away from anybody, and users do them by the dozen.
local may_wait = { added = true, cancelled = true, wrote = true };

-- Tell the component before the stanza moves on, on the stream the verdicts come by; what may wait
-- leaves when this turn of the event loop ends, still ahead of any later check about the user.
local function user_decided(kind, user, contact, attr, content)
	attr = attr or {};
	attr.user, attr.contact = user, contact;
	if contact and settles(kind) then memory.decision_begins(user, contact); end
	-- From here on the roster lets the contact pass, beside what may be held: none of that takes
	-- the short cut until the component says that nothing is.
	local opens = kind == "approved" and not roster.is_authorized(user, contact);
	if link.event(kind, attr, may_wait[kind], content) and opens then
		memory.release_begins(user, contact);
	end
	make_stale(user, contact);
end

-- The contact took a request or a subscription back (RFC 6121 §3.3), perhaps before we heard
-- what becomes of it: then nothing does, and the component learns why.
local function withdraw(user, contact)
	local is_asked = false;
	local function mark(check)
		if check.kind == "subscribe" then
			check.is_withdrawn, is_asked = true, true;
		end
	end
	if memory.is_busy(user, contact) then
		each_check(user, contact, mark);
		checks.each_later(user, contact, mark);
	end
	if is_asked or roster.is_pending(user, contact) or roster.is_authorized(user, contact) then
		user_decided("withdrawn", user, contact);
	end
end

local decisions = { subscribed = "approved", unsubscribed = "denied", subscribe = "added", unsubscribe = "cancelled" };

local function on_own_presence(event)
	local origin, stanza = event.origin, event.stanza;
	local kind = decisions[stanza.attr.type or ""];
	-- At login Prosody repeats requests not answered yet, from the bare address: no decision.
	if not kind or origin.type ~= "c2s" or not stanza.attr.to or stanza.attr.from ~= origin.full_jid then return; end
	local user, contact = origin.username .. "@" .. origin.host, jid.bare(stanza.attr.to);
	if user == contact or is_exempt.service(contact) then return; end
	user_decided(kind, user, contact, roster.facts(user, contact));
	if kind == "denied" then
		memory.forget_written(user, contact);
		roster.clear_approval(user, contact);
	end
end

local none = {};
local lets_pass = { both = true, from = true }; -- the roster alone, whatever comes back

local function on_own_message(event)
	local origin, stanza = event.origin, event.stanza;
	local to, kind = stanza.attr.to, stanza.attr.type;
	if origin.type ~= "c2s" or not to or kind == "error" then return; end
	local mine = origin.roster or none;
	if lets_pass[(mine[to] or none).subscription] then return; end
	local user, contact = origin.username .. "@" .. origin.host, match(to, "^[^/]*");
	if lets_pass[(mine[contact] or none).subscription] then return; end
	if user == contact or is_exempt.service(contact) or is_exempt.room(user, contact) then return; end
	if memory.note_written(user, contact) and kind ~= "groupchat" and not roster.is_authorized(user, contact)
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

-- Why somebody was blocked (XEP-0377), as text; what is too long to be kept loses its words.
local function report_of(item)
	local report = item:get_child("report", xmlns_report);
	if not report then return nil; end
	local text = tostring(report);
	if #text <= max_report then return text; end
	return tostring(st.stanza("report", { xmlns = xmlns_report, reason = report.attr.reason }));
end

local function on_blocklist(kind)
	return function (event)
		local origin, action = event.origin, event.stanza.tags[1];
		if origin.type ~= "c2s" then return; end
		local user = origin.username .. "@" .. origin.host;
		local blocks = {};
		for item in action:childtags("item") do
			local node, domain, resource = jid.prepped_split(item.attr.jid);
			if not domain then return; end -- mod_blocklist refuses the whole
			if not resource then -- one device of a contact is Prosody's business alone
				blocks[#blocks + 1] = { contact = jid.join(node, domain), report = report_of(item) };
			end
		end
		if kind == "unblocked" and not action:get_child("item") then
			user_decided(kind, user);
		end
		for _, block in ipairs(blocks) do
			memory.forget_written(user, block.contact);
			user_decided(kind, user, block.contact, nil, block.report);
			if kind == "blocked" then roster.clear_approval(user, block.contact); end
		end
	end
end

local function on_user_deleted(event)
	if event.host ~= host then return; end
	local user = event.username .. "@" .. host;
	user_decided("deleted", user);
	deliveries.forget(user);
	memory.forget_user(user);
end

return {
	withdraw = withdraw; settles = settles;
	on_presence = on_own_presence; on_message = on_own_message;
	on_roster_removal = on_roster_removal; on_blocklist = on_blocklist; on_user_deleted = on_user_deleted;
};

end
