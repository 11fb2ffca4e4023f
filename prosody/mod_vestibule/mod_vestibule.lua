-- mod_vestibule: the gate. Asks an external component what becomes of subscription requests and
-- messages from contacts the user has not authorised, and applies its verdicts.
-- MIT licence. No policy in here: see PROTOCOL.md beside this folder.
local stanzas = module:require "stanzas";
local memory = module:require "memory";
local errors = module:require "errors";
local roster = module:require "roster";
local blocklist = module:require "blocklist";
local link = module:require "link";
local deliveries = module:require "deliveries";

local component = link.component;
local hosts = prosody.hosts;

if not component then
	error("vestibule_component is not set: name the component, e.g. vestibule_component = \"vestibule.example.com\"", 0);
end

local is_exempt = module:require "exempt" (component);
local checks = module:require "checks" (link, memory, roster, stanzas);
local decisions = module:require "decisions" (link, memory, roster, deliveries, checks, stanzas, is_exempt);
local cold = module:require "cold" (memory, roster);
local inbound = module:require "inbound" (memory, roster, checks, decisions, is_exempt, cold);
local on_act = module:require "acts" (link, memory, roster, blocklist, stanzas, deliveries, checks);
local veil = module:require "veil" (roster, blocklist);

function link.on.event_done(kind, user, contact, reply)
	if not user or not contact then return; end
	if decisions.settles(kind) then memory.decision_ends(user, contact); end
	if reply:get_child("releasing", link.xmlns) then
		memory.release_begins(user, contact);
	elseif kind == "approved" then -- the answer to an earlier event says nothing about a later approval
		memory.release_ends(user, contact);
	end
end

-- Clients offer to report whom they block (XEP-0377) where somebody takes reports.
local takes_reports = false;
local function announce_reports(takes)
	if takes == takes_reports then return; end
	takes_reports = takes;
	local change = takes and module.add_item or module.remove_item;
	change(module, "feature", "urn:xmpp:reporting:1");
end

function link.on.opened(hello)
	local replies, to_waiting = {}, {};
	for reply in hello:childtags("bounce") do
		local attr = reply.attr;
		local whose = attr.waiting == "1" and to_waiting or replies;
		whose[attr.verdict] = errors.new(attr.type, attr.condition, reply:get_text());
	end
	checks.set_replies(replies, to_waiting);
	announce_reports(hello.attr.reports == "1");
	memory.decisions_end_for_all(); -- it has the whole journal
	for pair in hello:childtags("releasing") do
		memory.release_begins(pair.attr.user, pair.attr.contact);
	end
end

function link.on.closed()
	memory.release_ends_for_all();
	memory.forget_all();
end

-- All hooks -----------------------------------------------------------------------------------

local before_blocklist, after_blocklist, before_archive = 101, 50, 50; -- mod_blocklist 100, mod_mam and mod_presence 0
local after_invites = 0.5; -- mod_invites_register 1: approves a valid token and falls through
local before_roster_changes = 10; -- core presence 0
local before_blocklist_changes = 0; -- mod_blocklist -1
local before_eventing = 11; -- mod_pep 10
local before_routing = 10; -- mod_s2s -1

module:hook("message/bare", inbound.on_message, before_archive);
module:hook("message/full", inbound.on_message, before_archive);
module:hook("iq/full", inbound.on_iq, after_blocklist);
module:hook("presence/bare", inbound.on_presence, after_invites);
module:hook("presence/full", inbound.on_presence, after_invites);

module:hook("pre-presence/bare", decisions.on_presence, before_roster_changes);
module:hook("pre-presence/full", decisions.on_presence, before_roster_changes);
module:hook("pre-message/bare", decisions.on_message, after_blocklist);
module:hook("pre-message/full", decisions.on_message, after_blocklist);
module:hook("roster-item-removed", decisions.on_roster_removal, before_roster_changes);
module:hook("iq-set/self/urn:xmpp:blocking:block", decisions.on_blocklist("blocked"), before_blocklist_changes);
module:hook("iq-set/self/urn:xmpp:blocking:unblock", decisions.on_blocklist("unblocked"), before_blocklist_changes);
module:hook_global("user-deleted", decisions.on_user_deleted);

module:hook("iq/host", link.on_reply, 10);
module:hook("iq/host", on_act, 9);

module:hook("message/full", veil.on_message_to_device, before_blocklist);
module:hook("iq/bare", veil.on_bare_iq, after_blocklist);
module:hook("presence/bare", veil.on_presence, before_eventing);
module:hook("route/remote", veil.on_news, before_routing);
module:hook("iq-set/self/urn:xmpp:blocking:block", blocklist.on_change, before_blocklist_changes);
module:hook("iq-set/self/urn:xmpp:blocking:unblock", blocklist.on_change, before_blocklist_changes);

-- What our users publish reaches people of every host of this server.
local function watch_news(name)
	module:hook_object_event(hosts[name].events, "message/bare", veil.on_news, before_blocklist);
	module:hook_object_event(hosts[name].events, "message/full", veil.on_news, before_blocklist);
end

for name in pairs(hosts) do
	watch_news(name);
end
module:hook_global("host-activated", watch_news);

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
	cold.close();
end
