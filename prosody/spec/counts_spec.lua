-- What the hot paths cost, in things that can be counted: IQs, and looks into rosters.
local world = require "world";

describe("the gate", function ()
	local bob, alice = "bob@example.org", "alice@example.net";
	local w, roster, entries, reads, at_hand;

	-- Entries are the rosters of users; to read one costs, as it is on disk.
	local function open(options)
		entries, reads, at_hand = {}, 0, true;
		roster = {
			is_at_hand = function () return at_hand; end;
			is_claimed = function () return false; end;
			clear_approval = function () end;
		};
		local function look(user, contact)
			reads = reads + 1;
			return entries[user .. " " .. contact];
		end
		function roster.is_authorized(user, contact) return look(user, contact) == "from"; end
		function roster.is_pending(user, contact) look(user, contact); return false; end
		function roster.facts(user, contact)
			local subscription = look(user, contact);
			return subscription and { subscription = subscription };
		end
		options = options or {};
		options.vestibule_errors_per_contact, options.vestibule_errors_per_domain = 10000, 10000;
		w = world.new({ libraries = { roster = roster }, options = options });
		w.load("mod_vestibule");
		w.turn();
		w.connect();
		w.fire("component-authenticated", {});
		local sent = w.take_sent();
		w.fire("iq/host", w.answer(world.reply_to(sent[#sent], "hello-result")));
		w.fire("iq/host", w.answer(world.golden("settled"))); -- hello-result names a pair being released
		w.take_sent();
	end

	local function message(from, to, id)
		local stanza = world.received(("<message from='%s' to='%s' id='%s' type='chat'><body>Hello</body></message>")
			:format(from, to, id or "1"));
		return { origin = { type = "s2sin"; send = function () end }, stanza = stanza };
	end

	-- The component refuses whatever it was asked, and has that remembered.
	local function refuse(iqs, seconds)
		for _, iq in ipairs(iqs) do
			local checks = #iq.tags[1].tags;
			local places = {};
			for place = 1, checks do places[place] = place; end
			local remark = seconds and ("<remember seconds='%d' places='%s'/>"):format(seconds, table.concat(places, " ")) or "";
			local reply = world.received(("<iq type='result' id='%s' from='vestibule.example.org'>"
				.. "<verdicts xmlns='urn:vestibule:gate:1'>%s%s</verdicts></iq>")
				:format(iq.attr.id, ("b"):rep(checks), remark));
			w.fire("iq/host", w.answer(reply));
		end
	end

	it("asks nothing and reads nothing for messages between contacts", function ()
		open();
		local contact = { subscription = "both" };
		w.prosody.bare_sessions[bob] = { roster = { [alice] = contact }, sessions = {} };
		local origin = { type = "c2s", username = "bob", host = "example.org", roster = { [alice] = contact } };

		for _ = 1, 1000 do
			assert.is_nil(w.fire("message/bare", message(alice .. "/phone", bob)));
			assert.is_nil(w.fire("message/full", message(alice .. "/phone", bob .. "/laptop")));
			local own = message(bob .. "/laptop", alice);
			own.origin = origin;
			assert.is_nil(w.fire("pre-message/bare", own));
		end
		w.turn();

		assert.same({}, w.take_sent());
		assert.equal(0, reads);
	end);

	-- Bytes that one call leaves behind for the collector.
	local function garbage(times, call)
		call();
		collectgarbage();
		collectgarbage("stop");
		local before = collectgarbage("count");
		for _ = 1, times do call(); end
		local bytes = (collectgarbage("count") - before) * 1024 / times;
		collectgarbage("restart");
		return bytes;
	end

	local function chat(from)
		return {
			origin = { type = "s2sin"; send = function () end };
			stanza = world.st.message({ from = from, to = bob, id = "1", type = "chat" }, ("Words. "):rep(12))
				:tag("active", { xmlns = "http://jabber.org/protocol/chatstates" }):up();
		};
	end

	it("leaves nothing behind for messages between contacts", function ()
		open();
		local contact = { subscription = "both" };
		w.prosody.bare_sessions[bob] = { roster = { [alice] = contact }, sessions = {} };
		local received, own = message(alice .. "/phone", bob), message(bob .. "/laptop", alice);
		own.origin = { type = "c2s", username = "bob", host = "example.org", roster = { [alice] = contact } };

		assert.equal(0, garbage(1000, function ()
			w.fire("message/bare", received);
			w.fire("pre-message/bare", own);
		end));
	end);

	it("leaves little more behind for a check than its text", function ()
		open();
		local events = {};
		for number = 1, 64 do events[number] = chat("stranger" .. number .. "@example.net/x"); end
		local size;
		function w.session.send(text) size = #text; end

		local bytes = garbage(10, function ()
			for _, event in ipairs(events) do w.fire("message/bare", event); end
		end);

		assert.is_true(bytes / 64 < size / 64 + 600, ("%.0f of %.0f bytes"):format(bytes / 64, size / 64));
	end);

	it("leaves little more behind for a remembered refusal than its envelope", function ()
		open();
		local event = chat(alice .. "/phone");
		w.fire("message/bare", event);
		w.turn();
		refuse(w.take_sent(), 60);

		local bytes = garbage(1000, function () w.fire("message/bare", event); end);
		local envelope = garbage(1000, function () world.st.reply(event.stanza):add_direct_child(event.stanza); end);

		assert.is_true(bytes < envelope + 100, ("%.0f of %.0f bytes"):format(bytes, envelope));
	end);

	it("has a message that may pass delivered as it is, once, and then not touched", function ()
		open();
		local event = chat(alice .. "/phone");
		w.fire("message/bare", event);
		w.turn();
		local iq = w.take_sent()[1];
		w.fire("iq/host", w.answer(world.received(("<iq type='result' id='%s' from='vestibule.example.org'>"
			.. "<verdicts xmlns='urn:vestibule:gate:1'>p<remember seconds='60' places='1'/></verdicts></iq>"):format(iq.attr.id))));
		assert.equal(1, #w.posted);
		assert.equal(event.stanza, w.posted[1]);
		assert.is_nil(w.fire("message/bare", { origin = {}, stanza = w.posted[1] }));

		for _ = 1, 100 do assert.is_nil(w.fire("message/bare", chat(alice .. "/phone"))); end

		assert.equal(1, #w.posted);
		assert.same({}, w.take_sent());
	end);

	it("keeps nothing of a stanza that was judged", function ()
		open();
		local function kib()
			collectgarbage();
			collectgarbage(); -- what the parser held
			return collectgarbage("count");
		end
		local function send_long_behind(number) -- each at another place of its batch
			for _ = 1, number do w.fire("message/bare", chat(alice .. "/phone")); end
			local long = chat(alice .. "/phone");
			long.stanza:body(("x"):rep(200 * 1024) .. number);
			w.fire("message/bare", long);
			refuse(w.take_sent());
		end
		local before = kib();

		for number = 1, 3 do send_long_behind(number); end

		assert.is_true(kib() - before < 200);
	end);

	it("keeps what came off a stream, and a copy of what was sent otherwise", function ()
		open();
		for _, kind in ipairs({ "s2sin", "c2s", "local" }) do
			local event = chat(kind .. "@example.net/x");
			event.origin.type = kind;
			w.fire("message/bare", event);
			w.turn();
			local reply = world.reply_to(w.take_sent()[1], "checks-result");
			reply.tags[1][1] = "p";
			w.fire("iq/host", w.answer(reply));
			assert.equal(kind ~= "local", w.posted[#w.posted] == event.stanza);
		end
	end);

	it("asks about all that arrives in one turn at once", function ()
		open();
		for number = 1, 128 do w.fire("message/bare", message("stranger" .. number .. "@example.net/x", bob)); end
		w.turn();

		local sent = w.take_sent();
		assert.equal(2, #sent);
		assert.equal(64, #sent[1].tags[1].tags);
	end);

	it("writes the journal once for all who ask somebody in one turn, and asks about them at once", function ()
		open();
		local journal = w.stores.vestibule_journal;
		local before = journal.writes;

		for number = 1, 20 do
			local user, contact = ("user%d@example.org"):format(number), ("user%d@example.org"):format(number + 20);
			local own = world.received(("<presence type='subscribe' from='%s/x' to='%s'/>"):format(user, contact));
			local origin = { type = "c2s"; username = "user" .. number; host = "example.org"; full_jid = user .. "/x" };
			assert.is_nil(w.fire("pre-presence/bare", { origin = origin, stanza = own }));
			own.attr.from = user; -- as Prosody sends it on
			assert.is_true(w.fire("presence/bare", { origin = origin, stanza = own }));
		end
		assert.same({}, w.take_sent());
		w.turn();

		local sent = w.take_sent();
		assert.equal(1, journal.writes - before);
		assert.equal(21, #sent);
		assert.equal("event", sent[20].tags[1].name);
		assert.equal(20, #sent[21].tags[1].tags);
	end);

	it("asks once about a pair whose verdict it may remember", function ()
		open();
		w.fire("message/bare", message(alice .. "/phone", bob));
		w.turn();
		refuse(w.take_sent(), 60);

		for _ = 1, 1000 do assert.is_true(w.fire("message/bare", message(alice .. "/phone", bob))); end
		w.turn();

		assert.same({}, w.take_sent());
	end);

	it("asks each time where it has to remember nothing", function ()
		open({ vestibule_cache_users = 0 });
		for _ = 1, 3 do
			w.fire("message/bare", message(alice .. "/phone", bob));
			w.turn();
			local sent = w.take_sent();
			assert.equal(1, #sent);
			refuse(sent, 60);
		end
	end);

	it("reads no roster from disk for a pair whose verdict it remembers", function ()
		open();
		at_hand = false;
		w.fire("message/bare", message(alice .. "/phone", bob));
		w.turn();
		refuse(w.take_sent(), 60);
		reads = 0;

		for _ = 1, 1000 do assert.is_true(w.fire("message/bare", message(alice .. "/phone", bob))); end

		assert.equal(0, reads);
	end);

	it("reads rosters from disk for strangers at a bounded pace", function ()
		open({ vestibule_roster_reads = 10 });
		at_hand = false;
		local users = {};
		function roster.is_authorized(user) users[user] = true; return false; end

		for number = 1, 1000 do
			assert.is_true(w.fire("message/bare", message(alice .. "/phone", ("user%d@example.org"):format(number))));
		end

		local count = 0;
		for _ in pairs(users) do count = count + 1; end
		assert.equal(10, count);
	end);

	it("reads no roster from disk for a question to the device of somebody offline", function ()
		open();
		at_hand = false;
		for number = 1, 100 do
			local stanza = world.received(("<iq type='get' id='%d' from='alice@example.net/x' to='bob@example.org/laptop'>"
				.. "<query xmlns='jabber:iq:version'/></iq>"):format(number));
			assert.is_true(w.fire("iq/full", { origin = { type = "s2sin"; send = function () end }, stanza = stanza }));
		end

		assert.equal(0, reads);
	end);

	it("has contacts who waited in line delivered, and no stranger", function ()
		open({ vestibule_roster_reads = 1 });
		at_hand = false;
		w.fire("message/bare", message(alice .. "/phone", "cid@example.org"));
		entries[bob .. " " .. alice] = "from";
		assert.is_true(w.fire("message/bare", message(alice .. "/phone", bob, "waits")));
		assert.is_true(w.fire("message/bare", message("mallory@example.com/x", bob, "stranger")));
		assert.same({}, w.posted);

		w.time = w.time + 2;
		for _, timer in ipairs(w.timers) do
			if timer.delay == 0.1 then timer.callback(); end
		end

		assert.equal(1, #w.posted);
		assert.equal("waits", w.posted[1].attr.id);
		assert.is_nil(w.fire("message/bare", { origin = {}, stanza = w.posted[1] })); -- marked: passes
	end);
end);
