local world = require "world";

describe("the journal", function ()
	local w, journal;

	local function open(wishes)
		w = world.new(wishes);
		journal = w.load("journal.lib");
	end

	local function store() return w.stores.vestibule_journal; end

	-- What is on disk, as a new Prosody would read it.
	local function reopened()
		return world.new({ stores = w.stores }).load("journal.lib");
	end

	before_each(function () open(); end);

	it("is empty at first", function ()
		assert.is_true(journal.is_empty());
		assert.equal("", (journal.pending()));
	end);

	it("keeps entries in order and on disk before append returns", function ()
		journal.append("<a/>");
		journal.append("<b/>");

		assert.equal("<a/><b/>", (journal.pending()));
		assert.equal("<a/><b/>", (reopened().pending()));
	end);

	it("leaves what may wait for the next save", function ()
		journal.append("<wrote/>", true);
		assert.equal(0, store().writes);
		assert.equal("<wrote/>", (journal.pending()));

		journal.save_if_needed();
		journal.save_if_needed();

		assert.equal(1, store().writes);
		assert.equal("<wrote/>", (reopened().pending()));
	end);

	it("writes all that may wait at once, and nothing for what was acknowledged", function ()
		local first = journal.append("<a/>", true);
		journal.append("<b/>", true);
		journal.save_entries();
		assert.equal(1, store().writes);
		assert.equal("<a/><b/>", (reopened().pending()));

		journal.acknowledge({ [first] = true });
		journal.save_entries();

		assert.equal(1, store().writes);
	end);

	it("forgets what is acknowledged and nothing else", function ()
		local first = journal.append("<a/>");
		journal.append("<b/>");

		journal.acknowledge({ [first] = true });

		assert.equal("<b/>", (journal.pending()));
		journal.save_if_needed();
		assert.equal("<b/>", (reopened().pending()));
	end);

	it("acknowledges by the names given with the text, not what came after", function ()
		journal.append("<a/>");
		local _, names = journal.pending();
		journal.append("<b/>");

		journal.acknowledge(names);

		assert.equal("<b/>", (journal.pending()));
	end);

	it("leaves nothing on disk when all is acknowledged", function ()
		local only = journal.append("<a/>");
		journal.acknowledge({ [only] = true });

		journal.save_if_needed();

		assert.is_nil(store().content[false]);
		assert.is_true(journal.is_empty());
	end);

	it("gives what it finds on disk new names, none of which a new entry gets", function ()
		open({ stubs = { ["util.id"] = { short = function () return tostring(math.random()); end } } });
		local kept = journal.append("<a/>");
		local again = world.new({ stores = w.stores }).load("journal.lib");

		assert.equal(kept, again.append("<b/>")); -- both are the first of their run
		again.acknowledge({ [kept] = true });

		assert.equal("<a/>", (again.pending()));
	end);

	it("drops what strangers caused before what users decided", function ()
		open({ options = { vestibule_journal_size = 2 } });
		journal.append("<decided/>");
		journal.append("<requested/>", false, true);

		journal.append("<decided-too/>");

		assert.equal("<decided/><decided-too/>", (journal.pending()));
	end);

	it("drops the oldest when it is full, and says so", function ()
		open({ options = { vestibule_journal_size = 2 } });
		for _, xml in ipairs({ "<a/>", "<b/>", "<c/>" }) do journal.append(xml); end

		assert.equal("<b/><c/>", (journal.pending()));
		assert.matches("journal is full", w.logged[1], 1, true);
	end);

	it("goes on in memory when the disk refuses, and says so", function ()
		w.stores.vestibule_journal.broken = true;

		journal.append("<a/>");

		assert.equal("<a/>", (journal.pending()));
		assert.matches("disk full", w.logged[1], 1, true);
	end);
end);
