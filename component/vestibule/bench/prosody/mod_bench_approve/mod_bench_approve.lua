-- The reference for auto-approval: every request is approved inside Prosody, without a question.
-- Part of the bench; never for a server with users.
local st = require "util.stanza"; -- COMPAT 0.12
local jid = require "util.jid";
local rostermanager = require "core.rostermanager";

local host = module.host;
local host_session = prosody.hosts[host];
local post = prosody.core_post_stanza;

module:hook("presence/bare", function (event)
	local stanza = event.stanza;
	if stanza.attr.type ~= "subscribe" then return; end
	local user, contact = jid.bare(stanza.attr.to), jid.bare(stanza.attr.from);
	local node = jid.split(user);
	if rostermanager.is_contact_subscribed(node, host, contact) then return; end
	if rostermanager.set_contact_pending_in(node, host, contact, stanza) then
		post(host_session, st.presence({ type = "subscribed", from = user, to = contact }), true);
	end
	return true;
end, 0.5);
