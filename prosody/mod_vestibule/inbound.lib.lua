-- What contacts send to users: passed, or asked about.
local jid = require "util.jid"; -- COMPAT 0.12
local user_exists = require "core.usermanager".user_exists;

return function (memory, roster, checks, decisions, is_exempt, cold)

local host = module.host;
local bare_sessions, hosts = prosody.bare_sessions, prosody.hosts;
local match = string.match;

local function is_account(bare)
	return user_exists((jid.split(bare)), host);
end

-- Accounts that do not exist are answered for as those who refuse a stranger, or not at all;
-- nothing is asked and nothing stays behind.
local function for_nobody(user, contact, origin, stanza)
	if checks.unknown_are_silent then return true; end
	if stanza.name == "message" then
		checks.refuse(origin, stanza, "r");
	elseif stanza.attr.type == "probe" then
		checks.answer_unsubscribed({ user = user, contact = contact });
	else
		checks.answer_offline({ user = user, contact = contact }); -- Prosody's receipt for any request
	end
	return true;
end

-- No verdict is ever made for these.
local is_no_talk = { error = true, headline = true, groupchat = true };

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

-- Each message to somebody here comes by. Contacts are through after two look-ups.
local function on_message(event, is_served)
	local origin, stanza = event.origin, event.stanza;
	local attr = stanza.attr;
	local to = attr.to;
	if not to then return; end
	local user, online = to, bare_sessions[to];
	if not online then
		user = match(to, "^[^/]*");
		online = bare_sessions[user];
	end
	local sender = match(attr.from, "^[^/]*");
	local item = online and online.roster and online.roster[sender];
	local subscription = item and item.subscription;
	if (subscription == "both" or subscription == "from") and not memory.is_busy(user, sender) then return; end
	if checks.is_passed(stanza) then return; end
	if user == sender or is_exempt.service(sender) then return; end
	local kind = attr.type;
	if kind == "groupchat" and not memory.is_busy(user, sender) and is_exempt.room(user, sender) then return; end -- as most are
	local contact = inviter_of(sender, stanza);
	if not is_served and cold.is_cold(user, sender) then
		-- What was said of this pair lately needs no roster.
		local letter = not is_no_talk[kind] and contact == sender
			and checks.answer_from_memory("message", user, contact, origin, stanza);
		if letter then return letter ~= "p" or nil; end
		if not cold.may_read(user, sender) then
			return cold.wait(user, sender, origin, stanza) or checks.put_off(origin, stanza);
		end
	end
	if not online and not is_account(user) then
		if is_no_talk[kind] then return; end
		return for_nobody(user, sender, origin, stanza);
	end
	-- What is nothing but news (personal eventing, say) has no place in an order.
	if (not online and not memory.is_busy(user, sender) or kind == "headline") and roster.is_authorized(user, sender) then return; end
	if is_exempt.room(user, sender) then return; end
	if kind == "error" or kind == "groupchat" then
		if kind == "error" and memory.has_written(user, sender) or roster.is_authorized(user, sender) then return; end
		-- An error is not a stranger's way in, and is never answered; nor is a room the user is not in,
		-- which forgets about them by our answer.
		if kind == "groupchat" then checks.refuse(origin, stanza); end
		return true;
	end
	if contact == user or contact ~= sender and roster.is_authorized(user, contact) then return; end
	local letter = checks.answer_from_memory("message", user, contact, origin, stanza);
	if letter then return letter ~= "p" or nil; end
	return checks.ask("message", user, contact, origin, stanza);
end

function cold.on.served(user, contact, origin, stanza)
	local check = { user = user, contact = contact, origin = origin, stanza = stanza };
	if not on_message(check, true) then checks.let_pass(check); end
end

-- A resource the contact may not see is answered for as one that is not there.
local function on_iq(event)
	local origin, stanza = event.origin, event.stanza;
	local kind = stanza.attr.type;
	if checks.is_passed(stanza) then return; end
	if kind ~= "get" and kind ~= "set" or not stanza.attr.from then return; end
	local user, contact = jid.bare(stanza.attr.to), jid.bare(stanza.attr.from);
	if user == contact or is_exempt.service(contact) or not is_account(user)
		or roster.is_at_hand(user) and roster.is_authorized(user, contact) or is_exempt.room(user, contact) then return; end
	local letter = checks.answer_from_memory("iq", user, contact, origin, stanza);
	if letter then return letter ~= "p" or nil; end
	return checks.ask("iq", user, contact, origin, stanza);
end

local is_asked_about = { subscribe = true, unsubscribe = true, unsubscribed = true, probe = true };

local function on_presence(event)
	local origin, stanza = event.origin, event.stanza;
	local kind = stanza.attr.type;
	if not kind or not is_asked_about[kind] or not stanza.attr.to then return; end
	if checks.is_passed(stanza) then return; end
	local user, contact = jid.bare(stanza.attr.to), jid.bare(stanza.attr.from);
	if user == contact or is_exempt.service(contact) then return; end
	if not is_account(user) then
		if kind == "unsubscribe" or kind == "unsubscribed" then return; end
		return for_nobody(user, contact, origin, stanza);
	end
	if kind == "unsubscribed" then
		if roster.is_added(user, contact) then memory.forget(user); end -- by its own act not any more
		return;
	end
	if kind == "unsubscribe" then
		decisions.withdraw(user, contact);
		return;
	end
	if kind == "probe" and cold.is_cold(user, contact) and not cold.may_read(user, contact) then
		if not checks.unknown_are_silent then checks.answer_offline({ user = user, contact = contact }); end
		return true;
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

return { on_message = on_message; on_iq = on_iq; on_presence = on_presence };

end
