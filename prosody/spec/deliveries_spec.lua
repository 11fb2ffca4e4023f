local world = require "world";

describe("deliveries", function ()
	local w, deliveries;

	local function open(stores)
		w = world.new({ stores = stores });
		deliveries = w.load("deliveries.lib");
	end

	local user, contact = "bob@example.org", "alice@example.net";

	local function is_repeat(id, may_be_repeated)
		local message = world.st.message({ id = "a1" }, "Hello");
		return deliveries.is_repeat(user, contact, { id = id, stamp = "2025-11-03T12:00:00.000Z" }, may_be_repeated, message);
	end

	-- An archive with one message, as mod_mam keeps it.
	local function archive(stamp, by)
		local message = world.st.message({ id = "a1" }, "Hello"):tag("delay", { xmlns = "urn:xmpp:delay", from = by, stamp = stamp }):up();
		local given = false;
		w.prosody.hosts["example.org"].modules.mam = {};
		w.archive = {};
		function w.archive.find(_, node, query)
			assert.equal("bob", node);
			assert.equal(contact, query.with);
			return function ()
				if given then return; end
				given = true;
				return "id", message;
			end;
		end
	end

	before_each(function () open(); end);

	it("are new unless the component says that they may be repeats", function ()
		deliveries.note(user, contact, "41");

		assert.is_false(is_repeat("41", nil));
		assert.is_true(is_repeat("41", "1"));
	end);

	it("are repeats up to the highest id noted", function ()
		deliveries.note(user, contact, "41");
		deliveries.note(user, contact, "9");

		assert.is_true(is_repeat("40", "1"));
		assert.is_false(is_repeat("42", "1"));
	end);

	it("are noted for each contact apart", function ()
		deliveries.note(user, "carol@example.net", "41");

		assert.is_false(is_repeat("41", "1"));
	end);

	it("are remembered over a restart once saved", function ()
		deliveries.note(user, contact, "41");
		deliveries.save(user);

		open(w.stores);

		assert.is_true(is_repeat("41", "1"));
	end);

	it("are forgotten when the pair is settled, on disk too", function ()
		deliveries.note(user, contact, "41");
		deliveries.save(user);

		deliveries.settle(user, contact);

		assert.is_false(is_repeat("41", "1"));
		assert.is_nil(w.stores.vestibule_deliveries.content.bob);
	end);

	it("settle without a write when nothing was noted", function ()
		deliveries.settle(user, contact);

		assert.equal(0, w.stores.vestibule_deliveries.writes);
	end);

	it("are forgotten with the account", function ()
		deliveries.note(user, contact, "41");
		deliveries.save(user);

		deliveries.forget(user);

		assert.is_false(is_repeat("41", "1"));
		assert.is_nil(w.stores.vestibule_deliveries.content.bob);
	end);

	it("are found in the user's archive where the note was lost", function ()
		archive("2025-11-03T12:00:00.000Z", "example.org");

		assert.is_true(is_repeat("41", "1"));
	end);

	it("are not taken for another message of the same id in the archive", function ()
		archive("2025-11-03T11:00:00.000Z", "example.org");
		assert.is_false(is_repeat("41", "1"));

		archive("2025-11-03T12:00:00.000Z", "example.net"); -- stamped by somebody else
		assert.is_false(is_repeat("41", "1"));
	end);

	it("are not looked up in an archive that is not there", function ()
		assert.is_false(is_repeat("41", "1"));
	end);

	it("go on when the disk refuses, and say so", function ()
		deliveries.note(user, contact, "41");
		w.stores.vestibule_deliveries.broken = true;

		deliveries.save(user);

		assert.matches("disk full", w.logged[1], 1, true);
		assert.is_true(is_repeat("41", "1"));
	end);
end);
