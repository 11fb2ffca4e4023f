-- The dialogue with the component: one connection, IQs both ways, checks in batches.
-- Knows nothing of what is asked; see PROTOCOL.md.
local new_id = require "util.id".short; -- COMPAT 0.12
local now = require "util.time".now;
local journal = module:require "journal";
local unjudged = module:require "unjudged";
local batch_text = module:require "batch";
local attributes = module:require "stanzas".attributes;
local new_waker = module:require "waker".new;

local xmlns_gate = "urn:vestibule:gate:1";
local version = "1";

local component = module:get_option_string("vestibule_component");
local timeout = module:get_option_number("vestibule_timeout", 5);
local max_outstanding = module:get_option_number("vestibule_max_outstanding", 10000);
local retry_after = 5; -- seconds until an event is told again that the component could not write down
local max_batch_checks, max_batch_bytes = 64, 48 * 1024;

local host = module.host;
local asked_total = module:metric("counter", "checks", "", "Checks asked of the component", { "kind" });
local asked = {};
for _, kind in ipairs { "subscribe", "message", "iq", "probe" } do
	asked[kind] = asked_total:with_labels(kind);
end
local given_up_total = module:metric("counter", "given_up", "", "Checks given up: no verdict in time", { "kind" });
local unasked_total = module:metric("counter", "unasked", "", "Checks not asked: the component was away, or too many waited", { "kind" });
local verdict_seconds = module:metric("histogram", "verdict", "seconds", "From asking to the verdict", {}, {
	buckets = { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5 };
});
local outstanding_now = module:metric("gauge", "outstanding", "", "Checks waiting for a verdict", {});
local is_open_now = module:metric("gauge", "open", "", "Whether the component answers", {});
local run = new_id(); -- names of checks are unique over restarts: the component keeps them on disk
local last_id = 0;
local state = "away"; -- "away" | "greeting" (hello sent) | "open"
local awaiting = {}; -- id of an IQ of ours -> function (reply)
local batches = {}; -- id -> { at, checks... }
local outstanding = 0;
local gathering = nil; -- the batch that leaves when this turn ends
local come_singly = false; -- the last batch held one check
local gathered_events = {}; -- { xml, on_reply }, ahead of it
local callbacks = {};

local function session()
	local component_host = prosody.hosts[component];
	local connection = component_host and component_host.modules.component;
	return connection and connection.session or nil;
end

local function next_id()
	last_id = last_id + 1;
	return "gate-" .. run .. "-" .. last_id;
end

local function opening(id)
	return "<iq type='set' id='" .. id .. "' from='" .. host .. "' to='" .. component .. "'>";
end

local function send(xml)
	local connection = session();
	if not connection then return false; end
	connection.send(xml);
	return true;
end

-- What is sent leaves a turn of the event loop later, after all else that is ready by then: under
-- load a check would wait for the others twice. So it goes to the socket now, where the network
-- backend has a way (that of its option opportunistic_writes).
local function write_out()
	local connection = session();
	local conn = connection and connection.conn;
	if conn and conn.onwritable then conn:onwritable(); end
end

local function say(payload, on_reply)
	local id = next_id();
	if not send(opening(id) .. payload .. "</iq>") then return false; end
	awaiting[id] = on_reply;
	return true;
end

local function flush_events()
	journal.save_entries();
	local events = gathered_events;
	if not events[1] then return; end
	gathered_events = {};
	if state ~= "open" then return; end -- the next hello carries them
	for _, event in ipairs(events) do say(event.xml, event.on_reply); end
end

local function flush()
	flush_events();
	local batch = gathering;
	if not batch then return; end
	gathering = nil;
	come_singly = #batch == 1;
	batch.at = now();
	batches[batch.id] = batch;
	send(batch_text.finish("</checks></iq>"));
	write_out();
end

local waker = new_waker(flush);
local wake = waker.wake;

-- Everything that is not a check leaves behind the checks gathered so far: order is a promise.
local function tell(payload, on_reply)
	flush();
	return say(payload, on_reply);
end

-- An event that may wait leaves ahead of the checks gathered so far, so as not to part them, unless
-- one of them is about its user.
local function tell_soon(user, xml, on_reply)
	for _, check in ipairs(gathering or {}) do
		if check.user == user then
			flush();
			break;
		end
	end
	gathered_events[#gathered_events + 1] = { xml = xml; on_reply = on_reply };
	wake();
	return true;
end

local postpone;

-- may_wait: it is written and sent when this turn ends, with all others of it.
local function event(kind, attr, may_wait, content)
	attr.kind = kind;
	local xml = "<event xmlns='" .. xmlns_gate .. "'" .. attributes(attr) .. ">" .. (content or "") .. "</event>";
	local seq = journal.append(xml, may_wait, kind == "requested" or kind == "wrote");
	if state ~= "open" then -- the next hello carries it
		if may_wait then wake(); end
		return false;
	end
	local function on_event_reply(reply)
		local problem, condition;
		if reply.attr.type == "error" then
			problem, condition = reply:get_error();
			module:log("error", "%s could not take an event (%s): %s", component, kind, condition);
		end
		if problem == "wait" then
			return postpone(); -- it stays in the journal, in its place among the others
		end
		journal.acknowledge({ [seq] = true });
		callbacks.event_done(kind, attr.user, attr.contact, reply);
	end
	if may_wait then return tell_soon(attr.user, xml, on_event_reply); end
	return tell(xml, on_event_reply);
end

-- check: { kind, user, contact, stanza } and whatever the caller needs to apply the verdict; facts:
-- further attributes, if there are any. Returns false if it cannot be asked.
local function ask(check, facts)
	if state ~= "open" or outstanding >= max_outstanding then
		unasked_total:with_labels(check.kind):add(1);
		return false;
	end
	asked[check.kind]:add(1);
	local batch = gathering;
	if not batch then
		local id = next_id();
		batch = { id = id, number = last_id };
		batch_text.begin(opening(id) .. "<checks xmlns='" .. xmlns_gate .. "'>");
	end
	local bytes = batch_text.add(check, facts);
	batch[#batch + 1] = check;
	outstanding = outstanding + 1;
	if gathering ~= batch then
		gathering = batch;
		-- Under load the end of a turn is far: who is alone need not wait for it.
		if come_singly and outstanding == 1 then flush(); else wake(); end
	elseif #batch >= max_batch_checks or bytes >= max_batch_bytes then
		flush();
	end
	return true;
end

-- Bounced to their senders by the caller, and reported until acknowledged: the component may
-- have held what we no longer wait for.
local function give_up(batch)
	batches[batch.id] = nil;
	outstanding = outstanding - #batch;
	event("given-up", { batch = batch.id, checks = tostring(#batch) });
	for _, check in ipairs(batch) do
		given_up_total:with_labels(check.kind):add(1);
		callbacks.gave_up(check);
	end
end

local function give_up_all()
	flush();
	local all = {};
	for _, batch in pairs(batches) do
		all[#all + 1] = batch;
	end
	table.sort(all, function (a, b) return a.number < b.number; end);
	for _, batch in ipairs(all) do
		give_up(batch);
	end
end

-- One remark for many checks: an element for each of them would cost more than all else in an answer.
local function set_each(batch, remark, name, value)
	for place in (remark.attr.places or ""):gmatch("%d+") do
		local check = batch[tonumber(place)];
		if check then check[name] = value; end
	end
end

local function apply_verdicts(batch, reply)
	local verdicts = reply:get_child("verdicts", xmlns_gate);
	local letters = verdicts and type(verdicts[1]) == "string" and verdicts[1] or ""; -- get_text() wants no tags beside
	if #letters ~= #batch then
		module:log("error", "%d verdicts for %d checks: given up", #letters, #batch);
		return give_up(batch);
	end
	verdict_seconds:with_labels():sample(now() - batch.at);
	batches[batch.id] = nil;
	outstanding = outstanding - #batch;
	for remark in verdicts:childtags("remember") do
		local remember = { lifetime = tonumber(remark.attr.seconds) or 0; any = remark.attr.scope == "strangers" };
		set_each(batch, remark, "remember", remember);
	end
	for remark in verdicts:childtags("releasing") do
		set_each(batch, remark, "is_releasing", true);
	end
	for place, check in ipairs(batch) do
		callbacks.verdict(check, letters:sub(place, place));
	end
end

local greet;

local function greet_later()
	module:add_timer(retry_after, function ()
		if state == "greeting" then greet(); end
	end);
end

local function refused(text)
	state = "away";
	module:log("error", "%s refused this gate: %s", component, text);
	module:set_status("error", "Refused by " .. component .. ": " .. text);
end

local function on_hello_reply(reply, names, told)
	if reply.attr.type == "error" then
		local problem, condition, text = reply:get_error();
		if problem == "wait" then return greet_later(); end -- it cannot write now
		return refused(text or condition);
	end
	local hello = reply:get_child("hello", xmlns_gate);
	if not hello or hello.attr.version ~= version then
		return refused("it speaks another version of the gate dialogue; update the older of both");
	end
	journal.acknowledge(names);
	unjudged.learnt(told);
	if not journal.is_empty() then return greet(); end -- more has happened meanwhile
	state = "open";
	module:log("info", "Connected to %s", component);
	module:set_status("info", "Connected to " .. component);
	callbacks.opened(hello);
end

-- Until it is answered nothing else is said: hello carries all that the component has missed.
function greet()
	local connection = session();
	if not connection then return; end
	if connection.conn and connection.conn.setoption then
		-- Nagle's algorithm would keep the tail of a large batch waiting for 40 ms.
		connection.conn:setoption("tcp-nodelay", true);
	end
	state = "greeting";
	local events, names = journal.pending();
	local text, told = unjudged.text();
	tell("<hello" .. attributes({ xmlns = xmlns_gate; version = version; prosody = prosody.version }) .. ">"
		.. events .. text .. "</hello>", function (reply)
			on_hello_reply(reply, names, told);
		end);
end

local function leave_open_state(new_state)
	state = new_state;
	callbacks.closed();
	give_up_all();
end

local function lost(disconnected)
	-- Also fired for connections that only named the component: refused, or never authenticated.
	local current = session();
	if state == "away" or current and disconnected.session ~= current then return; end
	awaiting = {};
	module:log("warn", "Lost %s: contacts pass, requests wait for their user, strangers are asked to try later", component);
	module:set_status("warn", component .. " is away");
	leave_open_state("away");
end

-- It cannot take in what happened: say nothing more before it has, so that it learns in order.
function postpone()
	if state ~= "open" then return; end
	leave_open_state("greeting");
	greet_later();
end

-- Connected but silent (stopped, or overrun): ask nothing more until it answers a hello.
local function stalled()
	module:log("warn", "No verdict from %s within %g s: asking nothing more until it answers", component, timeout);
	module:set_status("warn", component .. " does not answer");
	leave_open_state("greeting");
	greet();
end

local function on_reply(event_data)
	local origin, stanza = event_data.origin, event_data.stanza;
	local kind, id = stanza.attr.type, stanza.attr.id;
	if (kind ~= "result" and kind ~= "error") or origin ~= session() or stanza.attr.from ~= component then return; end
	local batch = batches[id];
	if batch then
		apply_verdicts(batch, stanza);
		return true;
	end
	local handler = awaiting[id];
	if handler then
		awaiting[id] = nil;
		handler(stanza);
		return true;
	end
	if id and id:sub(1, 5) == "gate-" then return true; end -- a late verdict: the check was given up
end

local function is_component(origin, stanza)
	return origin == session() and stanza.attr.from == component;
end

local function sweep()
	outstanding_now:with_labels():set(outstanding);
	is_open_now:with_labels():set(state == "open" and 1 or 0);
	local oldest = now() - timeout;
	for _, batch in pairs(batches) do
		if batch.at <= oldest then
			stalled();
			break;
		end
	end
	journal.save_if_needed();
	return 1;
end

local function close()
	if state == "open" then leave_open_state("away"); end
	waker.close();
	journal.save_if_needed();
end

return {
	xmlns = xmlns_gate; component = component;
	on = callbacks; -- opened(hello), closed(), verdict(check, letter), gave_up(check), event_done(kind, user, contact, reply)
	ask = ask; event = event; count_unjudged = unjudged.count;
	is_open = function () return state == "open"; end;
	is_component = is_component;
	batches = function () return batches, gathering; end;
	greet = greet; lost = lost; on_reply = on_reply; sweep = sweep; close = close;
};
