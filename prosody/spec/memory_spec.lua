local world = require "world";

describe("memory", function ()
	local w, memory;

	local function open(options)
		w = world.new({ options = options });
		memory = w.load("memory.lib");
	end

	before_each(function () open(); end);

	describe("of verdicts", function ()
		it("is empty at first", function ()
			assert.is_nil(memory.remembered("bob", "message", "alice"));
		end);

		it("repeats a verdict for this pair and this kind, until its time is over", function ()
			memory.remember("bob", "message", "alice", "p", 60);

			assert.equal("p", memory.remembered("bob", "message", "alice"));
			assert.is_nil(memory.remembered("bob", "iq", "alice"));
			assert.is_nil(memory.remembered("bob", "message", "carol"));
			assert.is_nil(memory.remembered("dave", "message", "alice"));
			w.time = w.time + 60;
			assert.is_nil(memory.remembered("bob", "message", "alice"));
		end);

		it("may hold one for any stranger, and one for the pair is heard first", function ()
			memory.remember("bob", "message", "", "b", 60);
			memory.remember("bob", "message", "alice", "p", 60);

			assert.equal("p", memory.remembered("bob", "message", "alice"));
			assert.equal("b", memory.remembered("bob", "message", "carol"));
		end);

		it("is forgotten for one user, or for all", function ()
			memory.remember("bob", "message", "alice", "p", 60);
			memory.remember("dave", "message", "alice", "p", 60);

			memory.forget("bob");
			assert.is_nil(memory.remembered("bob", "message", "alice"));
			assert.equal("p", memory.remembered("dave", "message", "alice"));
			memory.forget_all();
			assert.is_nil(memory.remembered("dave", "message", "alice"));
		end);

		it("keeps so many users: whose memory began first goes", function ()
			open({ vestibule_cache_users = 2 });
			for _, user in ipairs({ "ann", "bob", "cid" }) do
				memory.remember(user, "message", "alice", "p", 60);
			end

			assert.is_nil(memory.remembered("ann", "message", "alice"));
			assert.equal("p", memory.remembered("bob", "message", "alice"));
			assert.equal("p", memory.remembered("cid", "message", "alice"));
		end);

		it("keeps so many contacts of a user: then it begins anew", function ()
			open({ vestibule_cache_contacts = 3 });
			for number = 1, 4 do memory.remember("bob", "message", "c" .. number, "p", 60); end

			assert.is_nil(memory.remembered("bob", "message", "c1"));
			assert.equal("p", memory.remembered("bob", "message", "c4"));
		end);
	end);

	describe("of busy pairs", function ()
		it("tells pairs apart, whatever their names are joined from", function ()
			memory.check_begins("bo", "balice");

			assert.is_false(memory.is_busy("bob", "alice"));
			assert.not_equal(memory.pair("bo", "balice"), memory.pair("bob", "alice"));
		end);

		it("is busy while any check is outstanding", function ()
			memory.check_begins("bob", "alice");
			memory.check_begins("bob", "alice");
			memory.check_ends("bob", "alice");
			assert.is_true(memory.is_busy("bob", "alice"));
			assert.is_false(memory.is_busy("bob", "carol"));

			memory.check_ends("bob", "alice");

			assert.is_false(memory.is_busy("bob", "alice"));
		end);

		it("is busy while messages are released, also after the checks are answered", function ()
			memory.check_begins("bob", "alice");
			memory.release_begins("bob", "alice");
			memory.release_begins("bob", "alice");
			memory.check_ends("bob", "alice");
			assert.is_true(memory.is_busy("bob", "alice"));

			memory.release_ends("bob", "alice");

			assert.is_false(memory.is_busy("bob", "alice"));
		end);

		it("stays busy for the check when the release ends first", function ()
			memory.release_begins("bob", "alice");
			memory.check_begins("bob", "alice");

			memory.release_ends("bob", "alice");
			assert.is_true(memory.is_busy("bob", "alice"));

			memory.check_ends("bob", "alice");
			assert.is_false(memory.is_busy("bob", "alice"));
		end);

		it("counts right through every order of beginnings and ends", function ()
			math.randomseed(7);
			local checks, releasing = 0, false;
			for _ = 1, 5000 do
				local what = math.random(4);
				if what == 1 then memory.check_begins("bob", "alice"); checks = checks + 1;
				elseif what == 2 and checks > 0 then memory.check_ends("bob", "alice"); checks = checks - 1;
				elseif what == 3 then memory.release_begins("bob", "alice"); releasing = true;
				elseif what == 4 then memory.release_ends("bob", "alice"); releasing = false; end
				assert.equal(checks > 0 or releasing, memory.is_busy("bob", "alice"));
			end
		end);

		it("ends all releases when the component is lost, and no checks", function ()
			memory.release_begins("bob", "alice");
			memory.release_begins("bob", "carol");
			memory.check_begins("bob", "alice");

			memory.release_ends_for_all();

			assert.is_true(memory.is_busy("bob", "alice"));
			assert.is_false(memory.is_busy("bob", "carol"));
		end);

		it("survives the end of a release that never began", function ()
			memory.release_ends("bob", "alice");
			memory.check_begins("bob", "alice");

			assert.is_true(memory.is_busy("bob", "alice"));
		end);
	end);

	describe("of decisions not yet acknowledged", function ()
		it("lasts until each of them is", function ()
			memory.decision_begins("bob", "alice");
			memory.decision_begins("bob", "alice");
			memory.decision_ends("bob", "alice");
			assert.is_true(memory.is_decided("bob", "alice"));
			assert.is_false(memory.is_decided("bob", "carol"));

			memory.decision_ends("bob", "alice");

			assert.is_false(memory.is_decided("bob", "alice"));
		end);

		it("ends for all when the component has the whole journal", function ()
			memory.decision_begins("bob", "alice");

			memory.decisions_end_for_all();
			memory.decision_ends("bob", "alice"); -- a late acknowledgement

			assert.is_false(memory.is_decided("bob", "alice"));
			memory.decision_begins("bob", "alice");
			assert.is_true(memory.is_decided("bob", "alice"));
		end);
	end);

	describe("of whom the user wrote to", function ()
		it("tells the first time from the next", function ()
			assert.is_true(memory.note_written("bob", "alice"));
			assert.is_false(memory.note_written("bob", "alice"));
			assert.is_true(memory.has_written("bob", "alice"));
			assert.is_false(memory.has_written("bob", "carol"));
		end);

		it("forgets a pair on demand", function ()
			memory.note_written("bob", "alice");

			memory.forget_written("bob", "alice");

			assert.is_false(memory.has_written("bob", "alice"));
		end);

		it("keeps so many pairs", function ()
			open({ vestibule_written_pairs = 2 });
			for number = 1, 3 do memory.note_written("bob", "c" .. number); end

			assert.is_false(memory.has_written("bob", "c1"));
			assert.is_true(memory.has_written("bob", "c3"));
		end);
	end);
end);
