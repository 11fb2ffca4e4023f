-- What Prosody by itself would tell those who may not know: nothing of it is asked about.
local jid = require "util.jid"; -- COMPAT 0.12
local st = require "util.stanza";

local xmlns_event = "http://jabber.org/protocol/pubsub#event";

return function (roster, blocklist)

local host = module.host;
local bare_sessions, full_sessions, hosts = prosody.bare_sessions, prosody.full_sessions, prosody.hosts;
local post = prosody.core_post_stanza;

-- For an offline user Prosody believes the roster of a contact of this server, which may believe
-- more than the user's own says, as that of the politely blocked does.
local function is_misled(user, contact)
	return not bare_sessions[user] and roster.is_claimed(user, contact) and not roster.is_authorized(user, contact);
end

-- Answered as while the user is online, with no device to be found.
local function on_bare_iq(event)
	local origin, stanza = event.origin, event.stanza;
	local user, contact = stanza.attr.to, jid.bare(stanza.attr.from);
	if not user or user == contact or not is_misled(user, contact) then return; end
	bare_sessions[user] = { username = jid.node(user); host = host; roster = roster.of(user); sessions = {} };
	local ok, err = pcall(post, origin, stanza);
	bare_sessions[user] = nil;
	if not ok then error(err, 0); end
	return true;
end

-- Directed presence: personal eventing would ask the sender what it wants to hear.
local function on_presence(event)
	local attr = event.stanza.attr;
	if attr.type or not attr.to then return; end
	local user, contact = jid.bare(attr.to), jid.bare(attr.from);
	if user ~= contact and is_misled(user, contact) then return true; end
end

-- Nodes that are open to more than those who see the user's presence.
local function is_public(user, node)
	local pep = hosts[host].modules.pep;
	local service = pep and pep.get_pep_service and pep.get_pep_service(jid.node(user));
	local found = service and service.nodes[node];
	local access = found and found.config.access_model or "presence";
	return access ~= "presence" and access ~= "roster";
end

-- What users publish (XEP-0163): whether somebody may see it Prosody asks when they subscribe, and
-- never again, and it asks no block list. Hooked where the recipients are.
local function on_news(event)
	local stanza = event.stanza;
	if stanza.name ~= "message" or stanza.attr.type ~= "headline" then return; end
	local user, to = stanza.attr.from, stanza.attr.to;
	local username, user_host, resource = jid.split(user);
	local news = username and user_host == host and not resource and stanza:get_child("event", xmlns_event);
	if not news or not to then return; end
	local contact = jid.bare(to);
	if user == contact then return; end
	local about = news.tags[1];
	if blocklist.is_blocked(username, to) then return true; end
	if not roster.is_authorized(user, contact) and not is_public(user, about and about.attr.node) then return true; end
end

-- Where mod_blocklist refuses messages of the blocked it drops those to a device that is there (its
-- issue 690), so that its silence tells.
local tells_the_blocked = module:get_option_boolean("bounce_blocked_messages", string.find(prosody.version, "^0%.12") ~= nil);
local is_refused = { chat = true, normal = true };

local function on_message_to_device(event)
	local origin, stanza = event.origin, event.stanza;
	local device = tells_the_blocked and full_sessions[stanza.attr.to];
	if not device or not is_refused[stanza.attr.type or "normal"] then return; end
	if not blocklist.is_blocked(device.username, stanza.attr.from) then return; end
	origin.send(st.error_reply(stanza, "cancel", "service-unavailable"));
	return true;
end

return { on_bare_iq = on_bare_iq; on_presence = on_presence; on_news = on_news; on_message_to_device = on_message_to_device };

end
