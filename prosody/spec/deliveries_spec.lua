local world = require "world";

describe("deliveries", function ()
	local w, deliveries;

	local function open(stores)
		w = world.new({ stores = stores });
		deliveries = w.load("deliveries.lib");
	end

	local user, contact = "bob@example.org", "alice@example.net";

	local held_at = "2025-11-03T12:00:00.250Z";
	local held_seconds = require "util.datetime".parse("2025-11-03T12:00:00Z");

	local function said(words, by)
		return world.st.message({ id = "a1"; from = by or contact .. "/phone" }, words or "Hello");
	end

	local function is_repeat(id, may_be_repeated, in_order)
		local held = { id = id; stamp = held_at; ["in-order"] = in_order };
		return deliveries.is_repeat(user, contact, held, may_be_repeated, said());
	end

	-- An archive with one message, as mod_mam keeps it.
	local function archive(message, at)
		local given = false;
		if at == nil then at = held_seconds; end
		w.prosody.hosts["example.org"].modules.mam = {};
		w.archive = {};
		function w.archive.find(_, node, query)
			assert.equal("bob", node);
			assert.equal(contact, query.with);
			return function ()
				if given then return; end
				given = true;
				return "id", message, at or nil;
			end;
		end
	end

	local function stamped(stamp, by)
		return said():tag("delay", { xmlns = "urn:xmpp:delay", from = by, stamp = stamp }):up();
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
		archive(stamped(held_at, "example.org"));

		assert.is_true(is_repeat("41", "1"));
	end);

	it("are not taken for another message of the same id in the archive", function ()
		archive(stamped("2025-11-03T11:00:00.000Z", "example.org"));
		assert.is_false(is_repeat("41", "1"));

		archive(stamped(held_at, "example.net")); -- by somebody else
		assert.is_false(is_repeat("41", "1"));
	end);

	it("are found there without a stamp if they were under way", function ()
		archive(said());

		assert.is_true(is_repeat("41", "1", "1"));
		assert.is_false(is_repeat("41", "1"));
	end);

	for what, other in pairs {
		["the user's own with the same id"] = function () archive(said("Hello", user .. "/laptop")); end;
		["another device's with the same id"] = function () archive(said("Hello", contact .. "/laptop")); end;
		["other words with the same id"] = function () archive(said("Goodbye")); end;
		["what was archived before they were held"] = function () archive(said(), held_seconds - 1); end;
		["something of which the archive does not say when it came"] = function () archive(said(), false); end;
	} do
		it("are not taken for " .. what, function ()
			other();

			assert.is_false(is_repeat("41", "1", "1"));
		end);
	end

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
