// Which units are shown and in which order: filters, sorting, groups. Nothing here touches the
// document.

const NO_VALUE = "no value";

/** A score of a unit, undefined when it has none. */
function scoreOf(unit, name) {
    return memberOf(unit.scores, name)?.value;
}

/** The texts of a unit in which a search looks, in lower case. */
function searchTextOf(unit) {
    const scores = Object.entries(unit.scores).flatMap(([name, { value, comment }]) => [
        name,
        String(value),
        comment,
    ]);
    const texts = [unit.item_id, unit.variant, unit.error, unit.trace_id, ...scores];
    const values = [unit.input, unit.expected_output, unit.output, unit.metadata, unit.errors];
    return [...texts, ...values.map(asText)].join("\n").toLowerCase();
}

/** Whether a check of the unit is false. */
function breaksCheck(unit, checks) {
    return checks.some((name) => scoreOf(unit, name) === false);
}

const UNIT_FILTERS = {
    search: (unit, text) => {
        unit.search_text ??= searchTextOf(unit);
        return unit.search_text.includes(text.toLowerCase());
    },
    variant: (unit, variant) => unit.variant === variant,
    status: (unit, status, { checks }) =>
        status === "attention"
            ? unit.status === "failed" || unit.status === "unscored" || breaksCheck(unit, checks)
            : unit.status === status,
    score: (unit, { name, value, min, max }) => {
        const actual = scoreOf(unit, name);
        if (value === NO_VALUE) return actual === undefined;
        if (value !== undefined && value !== "") return String(actual) === value;
        if (min === undefined && max === undefined) return true;
        return (
            typeof actual === "number" &&
            actual >= (min ?? -Infinity) &&
            actual <= (max ?? Infinity)
        );
    },
};

/** The units that pass every filter that is set. */
function filterUnits(units, filters, page) {
    const set = Object.entries(filters).filter(([, value]) => value);
    return units.filter((unit) =>
        set.every(([name, value]) => UNIT_FILTERS[name](unit, value, page)),
    );
}

/** The columns of the table: {id, title, value(unit), isText}; `value` is what sorting compares. */
function unitColumns(report, units, scoreNames, repetitions) {
    const some = (test) => units.some(test);
    return [
        { id: "item", title: "Item", value: (unit) => unit.item_id },
        report.variants.length > 1 && { id: "variant", title: "Variant", value: (u) => u.variant },
        repetitions > 1 && { id: "repetition", title: "Rep.", value: (unit) => unit.repetition },
        textColumn("input", "Input"),
        textColumn("expected_output", "Expected"),
        textColumn("output", "Output"),
        ...scoreNames.map((name) => ({
            id: `score ${name}`,
            title: name,
            value: (unit) => scoreOf(unit, name),
            isScore: true,
        })),
        some((unit) => unit.latency_ms !== null) && {
            id: "latency",
            title: "Latency",
            value: (unit) => unit.latency_ms ?? undefined,
        },
        some((unit) => unit.cost_usd) && {
            id: "cost",
            title: "Cost",
            value: (unit) => unit.cost_usd ?? undefined,
        },
    ].filter(Boolean);
}

function textColumn(id, title) {
    return { id, title, value: (unit) => asText(unit[id]), isText: true };
}

/** Sorted by one column; units without a value come last in both directions. */
function sortUnits(units, column, descending) {
    if (!column) return units.toSorted((a, b) => a.order - b.order);
    const keyed = units.map((unit) => ({ unit, key: column.value(unit) }));
    const sign = descending ? -1 : 1;
    keyed.sort((a, b) => {
        const missing = (a.key === undefined) - (b.key === undefined);
        return missing || sign * compareValues(a.key, b.key) || a.unit.order - b.unit.order;
    });
    return keyed.map(({ unit }) => unit);
}

const collator = new Intl.Collator("en", { numeric: true });

function compareValues(a, b) {
    if (a === b) return 0;
    if (typeof a === "string" && typeof b === "string") return collator.compare(a, b);
    return a < b ? -1 : 1;
}

/** By what units can be grouped: pairs of a label and a function that names a unit's group. */
function groupings(units, report, scoreNames, repetitions) {
    const keys = namesOf(units.map((unit) => (isObject(unit.metadata) ? unit.metadata : {})));
    const isGrouping = (name) => {
        const values = units.map((unit) => scoreOf(unit, name)).filter((v) => v !== undefined);
        return values.length > 0 && values.every((value) => typeof value !== "number");
    };
    return [
        report.variants.length > 1 && ["variant", (unit) => unit.variant],
        ["status", (unit) => UNIT_STATUS[unit.status]],
        (repetitions > 1 || report.variants.length > 1) && ["item", (unit) => unit.item_id],
        repetitions > 1 &&
            report.variants.length > 1 && [
                "item and variant",
                (unit) => `${unit.item_id} · ${unit.variant}`,
            ],
        ...keys.map((key) => [
            `metadata.${key}`,
            (unit) => groupName(memberOf(unit.metadata, key)),
        ]),
        ...scoreNames.filter(isGrouping).map((name) => [name, (u) => groupName(scoreOf(u, name))]),
    ].filter(Boolean);
}

function groupName(value) {
    return value === undefined || value === null ? NO_VALUE : asText(value);
}

/** [name, units] of each group: the groups by name, the units in the order they came. */
function groupUnits(units, nameOf) {
    const groups = new Map();
    for (const unit of units) {
        const name = nameOf(unit);
        if (!groups.has(name)) groups.set(name, []);
        groups.get(name).push(unit);
    }
    return [...groups].toSorted(([a], [b]) => compareValues(a, b));
}

/** "exact_match 0.75 ± 0.5": mean and standard deviation of each score that is no category. */
function groupMeans(units, scoreNames) {
    return scoreNames.flatMap((name) => {
        const values = units
            .map((unit) => scoreOf(unit, name))
            .filter((value) => typeof value === "number" || typeof value === "boolean")
            .map(Number);
        if (values.length === 0) return [];
        const mean = sum(values) / values.length;
        if (values.length === 1) return [`${name} ${formatNumber(mean)}`];
        const squares = sum(values.map((value) => (value - mean) ** 2));
        const stddev = Math.sqrt(squares / (values.length - 1));
        return [`${name} ${formatNumber(mean)} ± ${formatNumber(stddev)}`];
    });
}
