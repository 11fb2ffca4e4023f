-- What contacts send to users: passed, or asked about.
local jid = require "util.jid"; -- COMPAT 0.12
local user_exists = require "core.usermanager".user_exists;

return function (memory, roster, stanzas, checks, decisions, is_exempt)

local host = module.host;
local bare_sessions, hosts = prosody.bare_sessions, prosody.hosts;

local function is_account(bare)
	return user_exists((jid.split(bare)), host);
end

-- Accounts that do not exist are answered for as those who refuse a stranger, or not at all;
-- nothing is asked and nothing stays behind.
local function for_nobody(user, contact, origin, stanza)
	if checks.unknown_are_silent then return true; end
	if stanza.name == "message" then
		checks.refuse({ origin = origin, stanza = stanza }, "r");
	elseif stanza.attr.type == "probe" then
		checks.answer_unsubscribed({ user = user, contact = contact });
	else
		checks.answer_offline({ user = user, contact = contact }); -- Prosody's receipt for any request
	end
	return true;
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
	if checks.is_passed(stanza) then return; end
	if user == contact or is_exempt.service(contact) then return; end
	local kind = attr.type;
	if not is_account(user) then
		if kind == "error" or kind == "headline" or kind == "groupchat" then return; end
		return for_nobody(user, contact, origin, stanza);
	end
	-- What is nothing but news (personal eventing, say) has no place in an order.
	if (not is_busy and not online or kind == "headline") and roster.is_authorized(user, contact) then return; end
	if is_exempt.room(user, contact) then return; end
	if kind == "error" or kind == "groupchat" then
		if memory.has_written(user, contact) or roster.is_authorized(user, contact) then return; end
		-- An error is not a stranger's way in, and is never answered; nor is a room the user is not in,
		-- which forgets about them by our answer.
		if kind == "groupchat" then checks.refuse({ origin = origin, stanza = stanza }); end
		return true;
	end
	contact = inviter_of(contact, stanza);
	if contact == user or contact ~= jid.bare(from) and roster.is_authorized(user, contact) then return; end
	stanzas.strip_forgeries(stanza);
	local letter = checks.answer_from_memory("message", user, contact, origin, stanza);
	if letter then return letter ~= "p" or nil; end
	return checks.ask("message", user, contact, origin, stanza);
end

-- For an offline user Prosody believes the roster of a contact of this server, which may believe
-- more than the user's own says: who is politely blocked is not told when the user was last here.
local function on_bare_iq(event)
	local origin, stanza = event.origin, event.stanza;
	if not stanza.attr.to then return; end
	local user, contact = stanza.attr.to, jid.bare(stanza.attr.from);
	local sender = bare_sessions[contact];
	local item = sender and not bare_sessions[user] and sender.roster and sender.roster[user];
	if not item or item.subscription ~= "to" and item.subscription ~= "both" then return; end
	if user == contact or not is_account(user) or roster.is_authorized(user, contact) then return; end
	checks.refuse({ origin = origin, stanza = stanza });
	return true;
end

-- A resource the contact may not see is answered for as one that is not there.
local function on_iq(event)
	local origin, stanza = event.origin, event.stanza;
	local kind = stanza.attr.type;
	if checks.is_passed(stanza) then return; end
	if kind ~= "get" and kind ~= "set" or not stanza.attr.from then return; end
	local user, contact = jid.bare(stanza.attr.to), jid.bare(stanza.attr.from);
	if user == contact or is_exempt.service(contact) or not is_account(user)
		or roster.is_authorized(user, contact) or is_exempt.room(user, contact) then return; end
	local letter = checks.answer_from_memory("iq", user, contact, origin, stanza);
	if letter then return letter ~= "p" or nil; end
	return checks.ask("iq", user, contact, origin, stanza);
end

local function on_presence(event)
	local origin, stanza = event.origin, event.stanza;
	local kind = stanza.attr.type;
	if kind ~= "subscribe" and kind ~= "unsubscribe" and kind ~= "probe" or not stanza.attr.to then return; end
	if checks.is_passed(stanza) then return; end
	local user, contact = jid.bare(stanza.attr.to), jid.bare(stanza.attr.from);
	if user == contact or is_exempt.service(contact) then return; end
	if not is_account(user) then
		if kind == "unsubscribe" then return; end
		return for_nobody(user, contact, origin, stanza);
	end
	if kind == "unsubscribe" then
		decisions.withdraw(user, contact);
		return;
	end
	if roster.is_authorized(user, contact) then return; end
	if kind == "subscribe" then
		return checks.ask("subscribe", user, contact, origin, stanza);
	end
	-- Prosody would answer "unsubscribed": by that it would forget a request that waits, and who
	-- is politely blocked would know.
	if roster.is_pending(user, contact) then
		checks.answer_offline({ user = user, contact = contact });
		return true;
	end
	return checks.answer_from_memory("probe", user, contact, origin, stanza) and true
		or checks.ask("probe", user, contact, origin, stanza);
end

return { on_message = on_message; on_iq = on_iq; on_bare_iq = on_bare_iq; on_presence = on_presence };

end
