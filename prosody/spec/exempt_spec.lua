-- Who needs no decision.
local world = require "world";

describe("exempt are", function ()
	local bob, room = "bob@example.org", "room@conference.example.net";
	local w, is_exempt, looks;

	-- What a session sent directed presence to, counting how often it is looked through.
	local function directed_to(...)
		local all = {};
		for _, to in ipairs { ... } do all[to] = true; end
		return setmetatable(all, { __pairs = function (t)
			looks = looks + 1;
			return next, t;
		end });
	end

	local function log_in(...)
		w.prosody.bare_sessions[bob] = { sessions = { phone = { directed = directed_to(...) }, tablet = {} } };
		return w.prosody.bare_sessions[bob].sessions.phone.directed;
	end

	before_each(function ()
		w, looks = world.new(), 0;
		is_exempt = w.load("exempt.lib")("vestibule.example.org");
	end);

	it("services of this server", function ()
		assert.is_true(is_exempt.service("example.org"));
		assert.is_true(is_exempt.service("vestibule.example.org"));
		assert.is_true(is_exempt.service("42@vestibule.example.org"));
		assert.is_false(is_exempt.service("42@vestibule.example.org.example.net"));
		assert.is_false(is_exempt.service("org"));
		assert.is_false(is_exempt.service("example.net"));
		assert.is_false(is_exempt.service("somebody@example.org"));
	end);

	it("rooms the user is in", function ()
		log_in("other@conference.example.net/bob", room .. "/bob");
		assert.is_true(is_exempt.room(bob, room));
		assert.is_false(is_exempt.room(bob, "another@conference.example.net"));
		assert.is_false(is_exempt.room("alice@example.org", room));
	end);

	it("no rooms whose address only begins or ends alike", function ()
		log_in(room .. ".example.com/bob", "my" .. room .. "/bob");
		assert.is_false(is_exempt.room(bob, room));
	end);

	it("rooms until the user leaves, and again when they are back under another name", function ()
		local directed = log_in(room .. "/bob");
		assert.is_true(is_exempt.room(bob, room));
		directed[room .. "/bob"] = nil;
		assert.is_false(is_exempt.room(bob, room));
		directed[room .. "/robert"] = true;
		assert.is_true(is_exempt.room(bob, room));
	end);

	it("rooms of which many messages come: they are looked for once", function ()
		log_in(room .. "/bob");
		for _ = 1, 100 do assert.is_true(is_exempt.room(bob, room)); end
		assert.equals(1, looks);
	end);
end);
