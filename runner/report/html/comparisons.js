// What changed against baselines and between variants: the numbers, how the changes of single items
// are distributed, and links to those items.

const CHANGES = {
    regressed: { tone: "regressed", label: "regressed" },
    unchanged: { tone: "unchanged", label: "unchanged" },
    improved: { tone: "improved", label: "improved" },
};

/** With more comparisons the changes of single items begin folded. */
const OPEN_SIDES_MAX = 4;

function renderComparisons(report, page, unitTable) {
    if (report.comparisons.length === 0 && page.references.length === 0) {
        return section("comparisons", "Comparisons", emptyNote(nextStep(report)));
    }
    const all = report.comparisons.map((comparison, at) => ({
        ...comparison,
        ...page.comparisons[at],
    }));
    const sides = [...Map.groupBy(all, ({ a, b }) => JSON.stringify([a, b])).values()];
    return section(
        "comparisons",
        "Comparisons",
        page.references.map((reference) => referencePart(reference)),
        all.length > 0 &&
            element(
                "p",
                { class: "muted" },
                "Item by item where both sides have the item. Improved means a larger value.",
            ),
        sides.map((part) => sidesPanel(part, sides.length <= OPEN_SIDES_MAX, unitTable)),
        page.comparison_notes.length > 0 &&
            element(
                "ul",
                { class: "remarks" },
                page.comparison_notes.map((text) => element("li", {}, sentence(text))),
            ),
    );
}

function nextStep(report) {
    return (
        "This run was compared with nothing. Make a run a baseline with " +
        `"assay baseline set main ${report.run.id}"; the next run with --baseline main shows ` +
        "here what changed."
    );
}

/** What else differs between this run and the one that it is compared with. */
function referencePart({ name, run_id: runId, missing, differences }) {
    if (missing) return element("p", { class: "note" }, sentence(capital(missing)));
    const what = [element("strong", {}, name), runId && runId !== name && ` (run ${runId})`];
    if (differences.length === 0) {
        return element("p", { class: "remark" }, what, " was made of the same as this run.");
    }
    return element(
        "div",
        { class: "reference" },
        element("p", {}, what, " differs from this run in more than the scores:"),
        element(
            "ul",
            { class: "remarks" },
            differences.map(({ part, a, b }) =>
                element("li", {}, element("strong", {}, part), `: ${a || "none"} → ${b || "none"}`),
            ),
        ),
    );
}

function sidesPanel(comparisons, isOpen, unitTable) {
    const [{ a, b }] = comparisons;
    const changed = comparisons.filter(hasChanges);
    return element(
        "div",
        { class: "panel" },
        element("h3", {}, `${a} → ${b}`),
        comparisonTable(comparisons),
        changed.length > 0 &&
            element(
                "details",
                { class: "changes", open: isOpen },
                element("summary", {}, "Changes of single items"),
                element(
                    "div",
                    { class: "figures wide" },
                    changed.map((comparison) => comparisonFigure(comparison, unitTable)),
                ),
            ),
    );
}

/** Whether there is more to show of it than its line in the table. */
function hasChanges({ pairs, unchanged, items }) {
    return unchanged < pairs || Object.values(items).some((ids) => ids.length > 0);
}

function comparisonTable(comparisons) {
    const [{ a, b }] = comparisons;
    const count = (name) => (comparison) => {
        const isKnown = comparison.paired && comparison.data_type !== "CATEGORICAL";
        return isKnown || name === "unchanged" ? formatCount(comparison[name]) : "–";
    };
    const columns = [
        [a, ({ mean_a: mean }) => formatNumber(mean)],
        [b, ({ mean_b: mean }) => formatNumber(mean)],
        ["Difference", differenceCell],
        ["p", pCell],
        comparisons.some(({ effect_size: effect }) => effect) && ["Effect size", effectCell],
        ["Improved", count("improved")],
        ["Regressed", count("regressed")],
        ["Unchanged", count("unchanged")],
        ["Newly failed", ({ newly_failed: failed }) => formatCount(failed)],
        ["Unpaired", ({ unpaired }) => formatCount(unpaired)],
    ].filter(Boolean);
    return element(
        "div",
        { class: "scroll", tabindex: "0", role: "group", "aria-label": `${a} against ${b}` },
        element(
            "table",
            { class: "comparisons" },
            element("thead", {}, headRow(["Score", ...columns.map(([name]) => name)])),
            element(
                "tbody",
                {},
                comparisons.map((comparison) =>
                    element(
                        "tr",
                        {},
                        element("th", { scope: "row" }, comparison.label),
                        columns.map(([name, cell]) => {
                            const content = cell(comparison);
                            const kind = content === "–" && "none";
                            return element("td", { "data-label": name, class: kind }, content);
                        }),
                    ),
                ),
            ),
        ),
    );
}

function differenceCell({ difference, interval }) {
    if (difference === null) return "–";
    return [
        element("strong", {}, formatDifference(difference)),
        interval && element("span", { class: "interval" }, ` ${formatInterval(interval)}`),
        interval && element("span", { class: "small block" }, formatMethod(interval)),
    ];
}

function pCell({ p_value: p, test, symmetry_p_value: symmetry }) {
    if (p === null && symmetry === undefined) return "–";
    return [
        p !== null && element("span", {}, formatP(p)),
        p !== null && test && element("span", { class: "small block" }, test),
        symmetry !== undefined &&
            element("span", { class: "small block" }, `Bowker ${formatP(symmetry)}`),
    ];
}

function effectCell({ effect_size: effect }) {
    if (!effect) return "–";
    return [
        withMinus(formatNumber(effect.value)),
        element("span", { class: "small block" }, effect.name),
    ];
}

// --- The changes of single items --------------------------------------------------------------

function comparisonFigure(comparison, unitTable) {
    const { label, pairs, unchanged, transitions, differences } = comparison;
    if (transitions) return transitionMatrix(comparison);
    const plot = differences ? differencePlot : changesBar;
    return element(
        "figure",
        {},
        element("h4", {}, label),
        unchanged < pairs && [plot(comparison), changesLegend(comparison)],
        itemLists(comparison, unitTable),
    );
}

/** Rates change by one or not at all: one bar of all pairs. */
function changesBar(comparison) {
    const { width } = CHART;
    const { pairs, label } = comparison;
    const height = 22;
    let x = 0;
    const parts = Object.entries(CHANGES).map(([name, { tone }]) => {
        const length = (comparison[name] / pairs) * width;
        const part = drawing(
            "rect",
            { class: `change ${tone}`, x, y: 0, width: length, height },
            drawing("title", {}, `${formatCount(comparison[name])} ${CHANGES[name].label}`),
        );
        x += length;
        return part;
    });
    return chart(`Paired differences of ${label}: ${changesText(comparison)}`, height, parts);
}

/** The changes by size: down to the left, up to the right, and their mean with its interval. */
function differencePlot(comparison) {
    const { label, differences, difference, interval } = comparison;
    const { largest, fell, risen } = differences;
    const { width, height, left, right, bottom } = CHART;
    const most = Math.max(...fell, ...risen);
    const top = 26;
    const baseline = height - bottom;
    const step = (width - left - right) / (fell.length + risen.length);
    const counts = [...fell.toReversed(), ...risen];
    const y = (count) => baseline - (count / most) * (baseline - top);
    const x = (value) => left + ((value / largest + 1) / 2) * (width - left - right);
    const bars = counts.map((count, at) =>
        drawing(
            "rect",
            {
                class: `change ${at < fell.length ? "regressed" : "improved"}`,
                x: left + at * step + 0.5,
                y: y(count),
                width: step - 1,
                height: baseline - y(count),
            },
            drawing("title", {}, changeTitle(at - fell.length, largest / fell.length, count)),
        ),
    );
    const text = (value, anchor) =>
        drawing(
            "text",
            { x: x(value), y: baseline + 14, "text-anchor": anchor },
            value === 0 ? "0" : formatDifference(value),
        );
    return chart(
        `Paired differences of ${label}: ${changesText(comparison)}`,
        height,
        countAxis(most, y),
        bars,
        drawing("line", { class: "axis", x1: left, x2: width - right, y1: baseline, y2: baseline }),
        drawing("line", { class: "axis", x1: x(0), x2: x(0), y1: top, y2: baseline }),
        difference !== null && meanMark(x, difference, interval),
        [text(-largest, "start"), text(0, "middle"), text(largest, "end")],
        drawing(
            "text",
            { class: "axis-title", x: x(0), y: height - 3, "text-anchor": "middle" },
            clip(`difference of ${label} by item`, 46),
        ),
    );
}

function changeTitle(at, step, count) {
    const ends = [formatDifference(at * step), formatDifference((at + 1) * step)];
    return `${ends.join(" to ")}: ${formatSome(count, "item")}`;
}

/** Above the bars, on their axis; an end beyond the largest change has no cap. */
function meanMark(x, difference, interval) {
    const y = 12;
    const { width, left, right } = CHART;
    const line = (x1, y1, x2, y2) => drawing("line", { class: "whisker", x1, y1, x2, y2 });
    const clamp = (at) => Math.min(Math.max(at, left), width - right);
    const ends = interval ? [x(interval.low), x(interval.high)] : [];
    return drawing(
        "g",
        {},
        drawing("title", {}, `mean ${formatDifference(difference)}`),
        interval && line(clamp(ends[0]), y, clamp(ends[1]), y),
        ends.filter((end) => end === clamp(end)).map((end) => line(end, y - 4, end, y + 4)),
        drawing("circle", { class: "dot mean", cx: x(difference), cy: y, r: 3 }),
    );
}

/** Two lines across with the number of items that each stands for. */
function countAxis(most, y) {
    const { width, left, right } = CHART;
    return [0, most].map((count) => [
        drawing("line", { class: "grid", x1: left, x2: width - right, y1: y(count), y2: y(count) }),
        drawing("text", { x: left - 6, y: y(count) + 4, "text-anchor": "end" }, formatCount(count)),
    ]);
}

function changesText(comparison) {
    const parts = Object.entries(CHANGES).map(
        ([name, { label }]) => `${formatCount(comparison[name])} ${label}`,
    );
    return `${parts.join(", ")} of ${formatSome(comparison.pairs, "pair")}`;
}

function changesLegend(comparison) {
    return element(
        "ul",
        { class: "legend" },
        Object.entries(CHANGES).map(([name, { tone, label }]) =>
            element(
                "li",
                {},
                element("span", { class: `swatch change ${tone}`, "aria-hidden": "true" }),
                `${formatCount(comparison[name])} ${label}`,
            ),
        ),
    );
}

const ITEM_LISTS = {
    regressed: "regressed",
    improved: "improved",
    newly_failed: "newly failed",
    unpaired: "unpaired",
};

/** The ids behind the counts, folded; as links where this file holds the units. */
function itemLists(comparison, unitTable) {
    const { items, variant } = comparison;
    return Object.entries(ITEM_LISTS)
        .filter(([name]) => items[name].length > 0)
        .map(([name, label]) => {
            const left = comparison[name] - items[name].length;
            const list = element("ul", { class: "item-ids" });
            // Only once it is opened: a report may have tens of thousands of them.
            const fill = () => {
                const links = items[name].map((id) => unitTable.linkTo(id, variant));
                if (left > 0) links.push(`and ${formatCount(left)} more`);
                list.replaceChildren(...links.map((link) => element("li", {}, link)));
            };
            return element(
                "details",
                { class: "items", ontoggle: fill },
                element("summary", {}, `${formatSome(comparison[name], "item")} ${label}`),
                list,
            );
        });
}

/** Which label became which; what stayed the same steps back. */
function transitionMatrix({ label, transitions, a, b, p_value: p, symmetry_p_value: symmetry }) {
    const tests = [
        p !== null && `shares of the labels: Stuart–Maxwell p ${equalsP(p)}`,
        symmetry !== undefined && `changes there and back: Bowker p ${equalsP(symmetry)}`,
    ];
    const note = tests.filter(Boolean).join("; ");
    return labelMatrix({
        ...transitions,
        title: `${label}: ${a} → ${b}`,
        note: note && sentence(capital(note)),
        across: a,
        along: b,
        same: "kept",
    });
}
