local world = require "world";

describe("cold rosters", function ()
	local bob, alice = "bob@example.org", "alice@example.net";
	local w, cold, memory, at_hand, served;

	local function open(options)
		w = world.new({ options = options });
		at_hand, served = {}, {};
		local roster = {
			is_at_hand = function (user) return at_hand[user] == true; end;
			is_claimed = w.load("roster.lib").is_claimed;
		};
		memory = w.load("memory.lib");
		cold = w.load("cold.lib")(memory, roster);
		function cold.on.served(user, contact, _, stanza)
			served[#served + 1] = ("%s %s %s"):format(user, contact, stanza.attr.id);
		end
	end

	local function message(id)
		return world.received(("<message id='%s'><body>Hello</body></message>"):format(id));
	end

	local function wait(user, contact, id)
		return cold.wait(user, contact, { type = "s2sin" }, message(id));
	end

	-- The timer that looks at the line goes off.
	local function look(seconds)
		w.time = w.time + (seconds or 0);
		return w.timers[#w.timers].callback();
	end

	it("may be read so many times a second", function ()
		open({ vestibule_roster_reads = 2 });

		assert.is_true(cold.is_cold(bob, alice));
		assert.is_true(cold.may_read(bob, alice));
		assert.is_true(cold.may_read("cid@example.org", alice));
		assert.is_false(cold.may_read("dan@example.org", alice));
		w.time = w.time + 1;
		assert.is_true(cold.may_read("dan@example.org", alice));
	end);

	it("do not save up what was not read", function ()
		open({ vestibule_roster_reads = 1 });
		w.time = w.time + 3600;

		assert.is_true(cold.may_read(bob, alice));
		assert.is_false(cold.may_read(bob, alice));
	end);

	it("are not cold for who is online, or in Prosody's cache", function ()
		open();
		at_hand[bob] = true;

		assert.is_false(cold.is_cold(bob, alice));
		assert.is_true(cold.is_cold("cid@example.org", alice));
	end);

	it("are read without limit for a contact of this server whose own roster names the user", function ()
		open({ vestibule_roster_reads = 0 });
		local cid = "cid@example.org";
		w.prosody.bare_sessions[cid] = { roster = { [bob] = { subscription = "to" } } };

		assert.is_true(cold.may_read(bob, cid));
		assert.is_false(cold.may_read(bob, alice));
		w.prosody.bare_sessions[cid].roster[bob].subscription = "from";
		assert.is_false(cold.may_read(bob, cid));
	end);

	it("have messages wait in order, at the pace of the reads", function ()
		open({ vestibule_roster_reads = 10 });
		for _ = 1, 10 do cold.may_read(bob, alice); end
		wait(bob, alice, "1");
		wait("cid@example.org", alice, "2");
		wait(bob, alice, "3");

		assert.equal(0.1, look());
		assert.same({}, served);
		assert.equal(0.1, look(0.1));
		assert.same({ "bob@example.org alice@example.net 1" }, served);
		at_hand[bob], at_hand["cid@example.org"] = true, true;
		assert.is_nil(look());
		assert.equal("bob@example.org alice@example.net 3", served[3]);
	end);

	it("let nothing of a pair overtake what waits", function ()
		open({ vestibule_roster_reads = 1 });
		cold.may_read(bob, alice);
		wait(bob, alice, "1");

		assert.is_true(memory.is_busy(bob, alice));
		at_hand[bob] = true; -- read for somebody else meanwhile
		assert.is_true(cold.is_cold(bob, alice));
		assert.is_false(cold.may_read(bob, alice));
		assert.is_false(cold.is_cold(bob, "carol@example.net"));
		look();
		assert.is_false(memory.is_busy(bob, alice));
		assert.is_false(cold.is_cold(bob, alice));
	end);

	it("have so many messages wait, and no more", function ()
		open({ vestibule_roster_line = 2 });

		assert.is_true(wait(bob, alice, "1"));
		assert.is_true(wait(bob, alice, "2"));
		assert.is_false(wait(bob, alice, "3"));
		at_hand[bob] = true;
		look();
		assert.is_true(wait(bob, alice, "4"));
	end);

	it("have nobody wait when the gate closes", function ()
		open({ vestibule_roster_reads = 0 });
		wait(bob, alice, "1");

		cold.close();

		assert.same({ "bob@example.org alice@example.net 1" }, served);
		assert.is_false(memory.is_busy(bob, alice));
	end);
end);
