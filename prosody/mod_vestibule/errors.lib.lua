-- Errors told to senders: so many a minute to each contact and each domain elsewhere, so that no
-- flood is answered with a flood.
local cache = require "util.cache"; -- COMPAT 0.12
local st = require "util.stanza";
local new_throttle = require "util.throttle".create;

local match = string.match;

local xmlns_errors = "urn:ietf:params:xml:ns:xmpp-stanzas";
local hosts = prosody.hosts;
local minute = 60;
local max_senders = 10000;

local withheld_total = module:metric("counter", "errors_withheld", "", "Errors not told to senders: too many a minute", { "limit" });

local function new_limit(name, most)
	local throttles = cache.new(max_senders);
	return function (sender)
		local throttle = throttles:get(sender);
		if not throttle then
			throttle = new_throttle(most, minute);
			throttles:set(sender, throttle);
		end
		if throttle:poll(1) then return true; end
		withheld_total:with_labels(name):add(1);
		return false;
	end
end

local of_contact = new_limit("contact", module:get_option_number("vestibule_errors_per_contact", 60));
local of_domain = new_limit("domain", module:get_option_number("vestibule_errors_per_domain", 600));

-- An error for tell(), shared by all who are told it: to build one anew each time is most of what a
-- refusal costs.
local function new(kind, condition, text)
	local err = st.stanza("error", { type = kind }):tag(condition, { xmlns = xmlns_errors }):up();
	if text then err:text_tag("text", text, { xmlns = xmlns_errors }); end
	return err;
end

-- The people of this server share no limit: one of them would silence what all others are told.
local function is_within_limits(sender)
	local domain = match(sender, "@(.*)") or sender;
	return of_contact(sender) and (hosts[domain] ~= nil or of_domain(domain));
end

-- A question (an IQ) has its answer, however many there are.
local function tell(origin, stanza, err)
	if stanza.name == "iq" or is_within_limits(match(stanza.attr.from, "^[^/]*")) then
		local reply = st.reply(stanza);
		reply.attr.type = "error";
		reply:add_direct_child(err);
		origin.send(reply);
	end
end

return { new = new, tell = tell };
