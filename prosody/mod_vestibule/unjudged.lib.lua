-- What became of strangers without a verdict: counted, and told to the component at the next hello.
local total = module:metric("counter", "unjudged", "", "What became of stanzas without a verdict", { "kind", "outcome" });

local untold = {}; -- kind -> outcome -> count

local function count(kind, outcome, is_told)
	total:with_labels(kind, outcome):add(1);
	if not is_told then return; end
	untold[kind] = untold[kind] or {};
	untold[kind][outcome] = (untold[kind][outcome] or 0) + 1;
end

-- Returns the text for the hello, and what to give to learnt() once the component has it.
local function text()
	local texts, told = {}, {};
	for kind, outcomes in pairs(untold) do
		for outcome, number in pairs(outcomes) do
			texts[#texts + 1] = ("<unjudged kind='%s' outcome='%s' count='%d'/>"):format(kind, outcome, number);
			told[#told + 1] = { of = outcomes, outcome = outcome, count = number };
		end
	end
	table.sort(texts);
	return table.concat(texts), told;
end

local function learnt(told)
	for _, entry in ipairs(told) do
		local left = (entry.of[entry.outcome] or 0) - entry.count;
		entry.of[entry.outcome] = left > 0 and left or nil;
	end
end

return { count = count, text = text, learnt = learnt };
