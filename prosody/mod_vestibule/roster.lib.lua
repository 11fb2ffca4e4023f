-- What the user's roster says, and what is done to it in the user's name.
local jid_split = require "util.jid".split; -- COMPAT 0.12
local preserialize = require "util.stanza".preserialize;
local rostermanager = require "core.rostermanager";
local presence = module:require "stanzas".presence;

local post = prosody.core_post_stanza;
local bare_sessions = prosody.bare_sessions;
local host = module.host;
local host_session = prosody.hosts[host];

-- Read directly where the user is online: this runs for each message.
local function roster_of(user)
	local online = bare_sessions[user];
	return online and online.roster or rostermanager.load_roster(jid_split(user));
end

-- Whether that needs no reading from disk.
local function is_at_hand(user)
	local online, cached = bare_sessions[user], host_session.roster_cache;
	return online and online.roster ~= nil or cached ~= nil and cached:get(user) ~= nil;
end

local function item_of(user, contact)
	return roster_of(user)[contact];
end

-- Everybody in it, in a fixed order.
local function contacts(user)
	local all = {};
	for contact in pairs(roster_of(user)) do
		if contact then all[#all + 1] = contact; end
	end
	table.sort(all);
	return all;
end

local function is_authorized(user, contact)
	local item = item_of(user, contact);
	local subscription = item and item.subscription;
	return subscription == "both" or subscription == "from";
end

-- Whether the user sees the contact, or asked to.
local function is_added(user, contact)
	local item = item_of(user, contact);
	return item ~= nil and (item.ask ~= nil or item.subscription == "to" or item.subscription == "both");
end

local function is_pending(user, contact)
	return roster_of(user)[false].pending[contact] ~= nil;
end

-- Whether a contact of this server who is online has it in their own roster that the user let them in.
local function is_claimed(user, contact)
	local sender = bare_sessions[contact];
	local item = sender and sender.roster and sender.roster[user];
	local subscription = item and item.subscription;
	return subscription == "to" or subscription == "both";
end

-- The facts of one pair, as attributes of a check or a state; nil of a stranger.
local function facts(user, contact)
	local item, waits = item_of(user, contact), is_pending(user, contact);
	if not item and not waits then return nil; end
	return {
		subscription = item and item.subscription;
		ask = item and item.ask and "1";
		approved = item and item.approved and "1";
		pending = waits and "1" or nil;
	};
end

local function has_available_resource(user)
	for _, session in pairs(bare_sessions[user] and bare_sessions[user].sessions or {}) do
		if session.presence then return true; end
	end
	return false;
end

-- In the user's name and through Prosody's own handling (roster, push, presence); the origin
-- is the host, so our own hooks know that it was not the user.
local function act_as(user, contact, kind)
	post(host_session, presence(kind, user, contact), true);
end

-- Approve what waits, or pre-approve what may come (RFC 6121 §3.4).
local function approve(user, contact)
	if is_authorized(user, contact) then return; end
	local node = jid_split(user);
	if not is_pending(user, contact) then
		if rostermanager.subscribed(node, host, contact) then
			rostermanager.roster_push(node, host, contact);
		end
		return;
	end
	-- For an offline user and a local contact who is online, Prosody consults the contact's
	-- roster, which does not know yet, and routes nothing.
	local routes_nothing = not bare_sessions[user] and bare_sessions[contact];
	act_as(user, contact, "subscribed");
	if routes_nothing then
		post(host_session, presence("subscribed", user, contact));
	end
	if not has_available_resource(user) then
		post(host_session, presence("unavailable", user, contact));
	end
end

-- A request judged before Prosody stored it: the roster is written once, when it is approved.
local function approve_request(user, contact, stanza)
	if is_authorized(user, contact) then return; end
	local metadata = roster_of(user)[false];
	if not metadata.pending[contact] then
		metadata.pending[contact] = preserialize(stanza);
		-- Two changes to those who count, as where Prosody approves what was approved beforehand.
		if metadata.version ~= true then metadata.version = (metadata.version or 0) + 1; end
	end
	approve(user, contact);
end

-- Prosody never clears a stored pre-approval by itself.
local function clear_approval(user, contact)
	local item = item_of(user, contact);
	if not (item and item.approved) then return; end
	local node = jid_split(user);
	local roster = roster_of(user);
	item.approved = nil;
	-- An item that is there for the pre-approval alone goes with it.
	if item.subscription == "none" and not item.ask and not item.name and not next(item.groups or {}) then
		roster[contact] = nil;
	end
	rostermanager.save_roster(node, host, roster, contact);
	rostermanager.roster_push(node, host, contact);
end

-- Deny what waits and revoke what was granted: the same stanza, RFC 6121 §3.2.
local function deny(user, contact)
	clear_approval(user, contact);
	if is_pending(user, contact) or is_authorized(user, contact) then
		act_as(user, contact, "unsubscribed");
	end
end

-- A request judged before Prosody stored it.
local function deny_request(user, contact)
	if is_pending(user, contact) then
		deny(user, contact);
	else
		post(host_session, presence("unsubscribed", user, contact));
	end
end

-- The contact believes to be subscribed and sees OFFLINE; the user's roster says nothing.
local function polite_block(user, contact)
	local node = jid_split(user);
	local item = item_of(user, contact);
	if is_authorized(user, contact) then
		post(host_session, presence("unavailable", user, contact));
		item.subscription = item.subscription == "both" and "to" or "none";
		rostermanager.save_roster(node, host, roster_of(user), contact);
		rostermanager.roster_push(node, host, contact);
		return;
	end
	if is_pending(user, contact) then
		local roster = roster_of(user);
		roster[false].pending[contact] = nil;
		rostermanager.save_roster(node, host, roster, contact);
	end
	post(host_session, presence("subscribed", user, contact));
	post(host_session, presence("unavailable", user, contact));
end

-- Add reciprocally: a roster item and a request of the user's own.
local function add(user, contact)
	local item = item_of(user, contact);
	local subscription = item and item.subscription;
	if subscription ~= "to" and subscription ~= "both" then
		act_as(user, contact, "subscribe");
	end
end

return {
	of = roster_of; is_at_hand = is_at_hand;
	facts = facts; contacts = contacts; is_authorized = is_authorized; is_added = is_added; is_pending = is_pending;
	is_claimed = is_claimed; item_of = item_of;
	approve = approve; approve_request = approve_request;
	deny = deny; deny_request = deny_request; clear_approval = clear_approval;
	polite_block = polite_block; add = add;
};
