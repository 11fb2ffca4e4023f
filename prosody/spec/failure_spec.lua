-- What becomes of a stanza of which there is no verdict, as the operator has chosen.
local world = require "world";

describe("without a verdict", function ()
	local bob, alice = "bob@example.org", "alice@example.net";
	local w, subscription, sender;

	local function no_result() return nil; end

	local function open(policy, facts)
		local roster = setmetatable({
			is_at_hand = function (user) return w.prosody.bare_sessions[user] ~= nil; end;
			facts = function () return facts; end;
			is_pending = function () return false; end;
			is_authorized = function () return subscription ~= nil; end;
		}, { __index = function () return no_result; end });
		subscription = nil;
		w = world.new({ libraries = { roster = roster }, options = { vestibule_failure_policy = policy } });
		w.load("mod_vestibule");
		sender = { type = "s2sin"; bounced = {} };
		function sender.send(stanza) table.insert(sender.bounced, (select(2, stanza:get_error()))); end
	end

	local function comes(event, xml)
		return w.fire(event, { origin = sender; stanza = world.received(xml:format(alice .. "/phone", bob)) });
	end

	local function writes() comes("message/bare", "<message from='%s' to='%s' type='chat'><body>one</body></message>"); end
	local function asks_a_device() comes("iq/full", "<iq from='%s' to='%s/phone' type='get' id='1'><query xmlns='q'/></iq>"); end
	local function probes() comes("presence/bare", "<presence from='%s' to='%s' type='probe'/>"); end
	local function subscribes() comes("presence/bare", "<presence from='%s' to='%s' type='subscribe'/>"); end

	local function posted()
		local out = {};
		for place, stanza in ipairs(w.posted) do
			out[place] = stanza.name .. " " .. (stanza.attr.type or "") .. " to " .. stanza.attr.to;
		end
		return out;
	end

	for policy, expected in pairs({
		refuse = { message = {}; iq = {}; bounced = { "remote-server-timeout", "service-unavailable" }; probe = "unavailable" };
		pass = { message = { "message chat to " .. bob }; iq = {}; bounced = { "service-unavailable" }; probe = "unavailable" };
		stock = {
			message = { "message chat to " .. bob }; iq = { "iq get to " .. bob .. "/phone" }; bounced = {}; probe = "unsubscribed";
		};
	}) do
		describe("the policy " .. policy, function ()
			before_each(function () open(policy); end);

			it("decides about messages and questions", function ()
				writes();
				assert.same(expected.message, posted());
				w.posted = {};
				asks_a_device();
				assert.same(expected.iq, posted());
				assert.same(expected.bounced, sender.bounced);
			end);

			it("decides about probes", function ()
				probes();
				assert.same({ "presence " .. expected.probe .. " to " .. alice }, posted());
			end);

			it("leaves requests to Prosody and the authorised alone", function ()
				subscribes();
				assert.same({ "presence subscribe to " .. bob }, posted());
				w.posted = {};
				subscription = "both";
				writes();
				assert.same({}, posted()); -- the hook lets it go on
				assert.same({}, sender.bounced);
			end);

			it("is told with the next hello, once", function ()
				writes();
				writes();
				asks_a_device();
				subscribes(); -- is judged later
				local function greeted()
					w.fire("component-authenticated", {});
					local sent = w.take_sent();
					local hello, counts = sent[#sent], {};
					for child in hello.tags[1]:childtags("unjudged") do
						counts[child.attr.kind .. " " .. child.attr.outcome] = child.attr.count;
					end
					w.fire("iq/host", w.answer(world.reply_to(hello, "hello-result")));
					return counts;
				end
				w.connect();
				assert.same({ ["message " .. policy] = "2", ["iq " .. policy] = "1" }, greeted());
				w.fire("component-disconnected", {});
				assert.same({}, greeted());
			end);
		end);
	end

	it("a question of one whose request waits is refused like any other", function ()
		open("refuse", { pending = "1" });
		w.prosody.bare_sessions[bob] = { roster = {}, sessions = {} };
		asks_a_device();
		assert.same({ "service-unavailable" }, sender.bounced);
	end);

	it("a verdict of an unknown letter is none, and not remembered", function ()
		open("refuse");
		w.turn();
		w.connect();
		w.fire("component-authenticated", {});
		w.fire("iq/host", w.answer(world.reply_to(w.take_sent()[1], "hello-result")));
		w.fire("iq/host", w.answer(world.golden("settled"))); -- hello-result names a pair being released
		w.take_sent();
		for _ = 1, 2 do
			writes();
			w.turn();
			local sent = w.take_sent();
			assert.equal(1, #sent);
			local reply = world.reply_to(sent[1], "checks-result");
			reply.tags[1] = world.parsed("<verdicts xmlns='urn:vestibule:gate:1'>x<remember seconds='60' places='1'/></verdicts>");
			reply[1] = reply.tags[1];
			w.fire("iq/host", w.answer(reply));
		end
		assert.same({ "remote-server-timeout", "remote-server-timeout" }, sender.bounced);
	end);

	it("no other policy is known", function ()
		assert.has_error(function () open("reject"); end, "vestibule_failure_policy must be \"refuse\", \"pass\" or \"stock\"");
	end);
end);
