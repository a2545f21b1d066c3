// The gates as a forest plot: a line for each verdict with its estimate, the interval that decided
// and the threshold. Gates on the same number share an axis; others do not, because a share, a
// difference and a time have no scale in common.

const GATE_STATUS = {
    failed: { tone: "bad", mark: "✗", label: "FAIL" },
    inconclusive: { tone: "unsure", mark: "?", label: "CANNOT TELL" },
    passed: { tone: "good", mark: "✓", label: "PASS" },
};

const FOREST = { width: 320, height: 30, side: 10, axisHeight: 34 };

/** More slices begin folded. */
const SLICES_SHOWN = 12;

const MEASURE_FORMATS = {
    cost_usd: formatCost,
    latency_p50_ms: formatMs,
    latency_p95_ms: formatMs,
    latency_p99_ms: formatMs,
};

function renderGates(report, page) {
    if (report.gates.length === 0) {
        const next = 'Say under "gates" in the spec what must hold, such as "exact_match >= 0.85".';
        return section(
            "gates",
            "Gates",
            emptyNote(`No gates were set, so nothing was decided. ${next}`),
        );
    }
    const gates = gatesOf(report, page);
    const rows = [...gates.filter(({ slice }) => !slice), ...slicedGates(gates).map(worstSlice)];
    const showVariant = report.variants.length > 1;
    const scopeOf = (gate) => [showVariant && gate.variant, gate.scope].filter(Boolean).join(" · ");
    return section(
        "gates",
        "Gates",
        forestTable("Gate", rows.toSorted(byGravity), (gate) => [
            element("code", {}, gate.gate),
            scopeOf(gate) && element("span", { class: "muted" }, ` ${scopeOf(gate)}`),
            gate.others && element("a", { class: "block small", href: "#slices" }, gate.others),
        ]),
        gateLegend(),
        (page.quarantine_notes ?? []).map((text) =>
            element("p", { class: "note" }, sentence(capital(text))),
        ),
        intervalHint(gates, report),
    );
}

/** What the report says of each verdict and what the page adds, as one object each. */
function gatesOf(report, page) {
    return report.gates.map((verdict, at) => {
        const gate = { ...page.gates[at], ...verdict };
        return { ...gate, isShare: isShare(gate, report) };
    });
}

/** Whether its numbers are shares of a hundred. */
function isShare({ score, category }, report) {
    const typeOf = (variant) => memberOf(variant.scores, score)?.data_type;
    return category !== "" || report.variants.some((variant) => typeOf(variant) === "BOOLEAN");
}

/** By what a verdict counts for, then by what it says. */
function byGravity(a, b) {
    const order = Object.keys(GATE_STATUS);
    const rank = ({ effect, status }) =>
        order.length * order.indexOf(effect) + order.indexOf(status);
    return rank(a) - rank(b);
}

// --- Slices -----------------------------------------------------------------------------------

/** The verdicts of each gate and variant that is decided slice by slice, the worst slice first. */
function slicedGates(gates) {
    const sliced = gates.filter(({ slice }) => slice);
    const groups = Map.groupBy(sliced, ({ gate, variant }) => JSON.stringify([gate, variant]));
    const worstFirst = (a, b) => byGravity(a, b) || room(a) - room(b);
    return [...groups.values()].map((group) => group.toSorted(worstFirst));
}

/** How far the number is on the right side of the threshold. */
function room({ observed, threshold, op }) {
    if (observed === null) return Infinity;
    return op.startsWith("<") ? threshold - observed : observed - threshold;
}

/** One line that stands for all slices of a gate. */
function worstSlice(slices) {
    const [worst] = slices;
    if (slices.length === 1) return { ...worst, scope: worst.slice_text };
    const all = formatSome(slices.length, "slice");
    const alike = formatCount(slices.filter(({ status }) => status === worst.status).length);
    return {
        ...worst,
        scope: `worst of ${all}: ${worst.slice_text}`,
        others: `${GATE_STATUS[worst.status].label} in ${alike} of ${all}`,
    };
}

/** Every slice of every gate that has them; nothing when no gate does. */
function renderSlices(report, page) {
    const groups = slicedGates(gatesOf(report, page));
    const notes = page.slice_notes.map((text) => element("p", { class: "note" }, sentence(text)));
    if (groups.length === 0 && notes.length === 0) return null;
    return section("slices", "Slices", notes, groups.map(slicePanel));

    function slicePanel(slices) {
        const [{ gate, variant }] = slices;
        const title = report.variants.length > 1 ? `${gate} · ${variant}` : gate;
        const panel = element("div", { class: "panel" }, element("h3", {}, title));
        const show = (shown) => {
            const left = slices.length - shown.length;
            const more = element(
                "button",
                { type: "button", class: "link", onclick: () => show(slices) },
                `Show all ${formatCount(slices.length)} slices`,
            );
            panel.replaceChildren(
                panel.firstChild,
                forestTable("Slice", shown, (slice) => element("strong", {}, slice.slice_text)),
                left > 0 ? more : "",
            );
        };
        show(slices.slice(0, SLICES_SHOWN));
        return panel;
    }
}

// --- The forest -------------------------------------------------------------------------------

/** A table with a plot in each line; lines that share an axis stand together above it. */
function forestTable(what, gates, nameOf) {
    const groups = [...Map.groupBy(gates, axisTitle).values()];
    return element(
        "div",
        { class: "scroll", tabindex: "0", role: "group", "aria-label": `${what}s` },
        element(
            "table",
            { class: "forest" },
            element("thead", {}, headRow(["Verdict", what, "Interval and threshold", "Number"])),
            groups.map((group) => {
                const scale = forestScale(group);
                return element(
                    "tbody",
                    {},
                    group.map((gate) => forestRow(gate, scale, nameOf)),
                    scale && axisRow(group[0], scale),
                );
            }),
        ),
    );
}

/** What the axis of a gate counts: gates of one title share it. */
function axisTitle({ form, score, measure, category, isShare }) {
    const subject = category ? `share of ${category} in ${score}` : score || measure;
    if (form === "value") return subject;
    if (form === "relative") return `relative change of ${subject}, %`;
    return `change of ${subject}${isShare ? ", points" : ""}`;
}

/** How the numbers of a gate are told: differences of shares in points, relative ones in %. */
function unitOf({ form, measure, isShare }) {
    if (form === "relative") return { factor: 100, name: " %" };
    if (form === "difference" && isShare) return { factor: 100, name: " points" };
    return { factor: 1, name: "", format: MEASURE_FORMATS[measure] };
}

/** Without the unit's name, which the axis or the whole number has. */
function gateDigits(gate, value) {
    const { factor, format } = unitOf(gate);
    if (format) return format(value);
    if (factor === 1) return withMinus(formatBeside(value, gate.threshold));
    // 0.07 * 100 is a little more than 7.
    const exact = (number) => Number((number * factor).toPrecision(12));
    const decimals = decimalsBeside([exact(value)], exact(gate.threshold), 2);
    return withMinus(withSeparators(exact(value), 0, decimals));
}

/** Where a value stands, and the values that the axis names; null when nothing can be drawn. */
function forestScale(gates) {
    if (gates.every(({ observed }) => observed === null)) return null;
    const isChange = gates[0].form !== "value";
    const values = gates
        .flatMap(({ observed, interval, threshold }) => [
            observed,
            threshold,
            interval?.low,
            interval?.high,
        ])
        .filter((value) => typeof value === "number");
    if (isChange) values.push(0);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const margin = (most - least || Math.abs(most) || 1) * 0.06;
    // There is nothing below no time and no money, and a share ends at 0 and at 1.
    const { isShare, measure } = gates[0];
    const isBounded = !isChange && (isShare || measure !== "");
    const low = Math.max(least - margin, isBounded ? Math.min(least, 0) : -Infinity);
    const high = Math.min(most + margin, isBounded && isShare ? Math.max(most, 1) : Infinity);
    if (!Number.isFinite(high - low)) return null;
    const { width, side } = FOREST;
    const x = (value) => side + ((value - low) / (high - low)) * (width - 2 * side);
    return { x, low, high, isChange, ticks: niceTicks(low, high) };
}

/** Two to six round values between two others. */
function niceTicks(low, high) {
    const rough = (high - low) / 5;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
    const first = Math.ceil(low / step);
    const last = Math.floor(high / step);
    const tick = (at) => Number((at * step).toPrecision(12));
    return Array.from({ length: last - first + 1 }, (_, at) => tick(first + at));
}

function forestRow(gate, scale, nameOf) {
    const counts = gate.note || (gate.tier !== "critical" && gate.tier);
    return element(
        "tr",
        {},
        element(
            "td",
            { class: "verdict-cell" },
            badge(GATE_STATUS[gate.status]),
            counts && element("span", { class: "small block" }, counts),
        ),
        element("th", { scope: "row" }, nameOf(gate), element("p", {}, sentence(gate.reason))),
        element(
            "td",
            { class: "plot" },
            scale && gate.observed !== null
                ? forestPlot(gate, scale)
                : element("span", { class: "muted" }, "no number to draw"),
        ),
        element("td", { class: "numbers" }, gateNumbers(gate)),
    );
}

function gateNumbers(gate) {
    const { observed, interval, p_value: p } = gate;
    if (observed === null) return "–";
    return [
        element("strong", {}, gateDigits(gate, observed) + unitOf(gate).name),
        interval && element("span", { class: "interval" }, ` ${gateInterval(gate)}`),
        interval && element("span", { class: "small block" }, formatMethod(interval)),
        p !== null && element("span", { class: "small block" }, `p ${equalsP(p)}`),
    ];
}

/** One digit more than elsewhere: its ends decided. */
function gateInterval(gate) {
    const { factor } = unitOf(gate);
    const { low, high } = gate.interval;
    const interval = { low: low * factor, high: high * factor };
    return formatInterval(interval, 3, gate.threshold * factor);
}

/** The side where the gate holds is tinted; a mark of its own shape for each verdict. */
function forestPlot(gate, scale) {
    const { width, height, side } = FOREST;
    const { observed, threshold, interval, op, status } = gate;
    const { x } = scale;
    const middle = height / 2;
    const at = x(threshold);
    const holds = { ">": [at, width - side], "<": [side, at] }[op[0]];
    const upright = (kind, value, from, to) =>
        drawing("line", { class: kind, x1: x(value), x2: x(value), y1: from, y2: to });
    return drawing(
        "svg",
        {
            class: "chart forest-plot",
            viewBox: `0 0 ${width} ${height}`,
            role: "img",
            "aria-label": plotLabel(gate),
        },
        holds &&
            drawing("rect", {
                class: "holds",
                x: holds[0],
                y: 0,
                width: Math.max(holds[1] - holds[0], 0),
                height,
            }),
        scale.isChange && upright("zero", 0, 0, height),
        upright("threshold", threshold, 0, height),
        interval && [
            drawing("line", {
                class: "whisker",
                x1: x(interval.low),
                x2: x(interval.high),
                y1: middle,
                y2: middle,
            }),
            upright("whisker", interval.low, middle - 5, middle + 5),
            upright("whisker", interval.high, middle - 5, middle + 5),
        ],
        verdictShape(status, x(observed), middle),
    );
}

function plotLabel(gate) {
    const { interval, observed, threshold, op, status } = gate;
    const facts = [
        `${axisTitle(gate)} ${gateDigits(gate, observed)}`,
        interval && `${formatMethod(interval)} interval ${gateInterval(gate)}`,
        `threshold ${op} ${gateDigits(gate, threshold)}`,
    ];
    return `${GATE_STATUS[status].label}: ${facts.filter(Boolean).join(", ")}`;
}

/** A dot passed, a diamond failed, a ring cannot be told. */
function verdictShape(status, x, y) {
    const kind = `dot ${GATE_STATUS[status].tone}`;
    if (status !== "failed") return drawing("circle", { class: kind, cx: x, cy: y, r: 5 });
    const points = `${x},${y - 7} ${x + 7},${y} ${x},${y + 7} ${x - 7},${y}`;
    return drawing("polygon", { class: kind, points });
}

function axisRow(gate, { x, ticks }) {
    const { width, side, axisHeight } = FOREST;
    return element(
        "tr",
        { class: "axis-row" },
        element("td", { colspan: 2 }),
        element(
            "td",
            { class: "plot" },
            drawing(
                "svg",
                { class: "chart", viewBox: `0 0 ${width} ${axisHeight}`, "aria-hidden": "true" },
                drawing("line", { class: "axis", x1: side, x2: width - side, y1: 1, y2: 1 }),
                ticks.map((tick) => [
                    drawing("line", { class: "axis", x1: x(tick), x2: x(tick), y1: 1, y2: 5 }),
                    drawing(
                        "text",
                        { x: x(tick), y: 16, "text-anchor": anchorAt(x(tick)) },
                        gateDigits(gate, tick),
                    ),
                ]),
                drawing(
                    "text",
                    { class: "axis-title", x: width / 2, y: 30, "text-anchor": "middle" },
                    clip(axisTitle(gate), 48),
                ),
            ),
        ),
        element("td"),
    );
}

/** Texts at the edges of a drawing stay inside it. */
function anchorAt(x) {
    const { width } = FOREST;
    return x < 24 ? "start" : x > width - 24 ? "end" : "middle";
}

function gateLegend() {
    const shape = (status) =>
        drawing(
            "svg",
            { class: "legend-mark", viewBox: "0 0 16 16", "aria-hidden": "true" },
            verdictShape(status, 8, 8),
        );
    const mark = (...parts) =>
        drawing(
            "svg",
            { class: "legend-mark", viewBox: "0 0 16 16", "aria-hidden": "true" },
            parts,
        );
    return element(
        "ul",
        { class: "legend" },
        Object.entries(GATE_STATUS).map(([status, { label }]) =>
            element("li", {}, shape(status), label),
        ),
        element(
            "li",
            {},
            mark(drawing("line", { class: "whisker", x1: 1, x2: 15, y1: 8, y2: 8 })),
            "the interval that decided",
        ),
        element(
            "li",
            {},
            mark(
                drawing("rect", { class: "holds", x: 8, y: 0, width: 8, height: 16 }),
                drawing("line", { class: "threshold", x1: 8, x2: 8, y1: 0, y2: 16 }),
            ),
            "the threshold, and the side where the gate holds",
        ),
    );
}

/** Where no gate has an interval although one could have: how to get one. */
function intervalHint(gates, report) {
    const scores = namesOf(report.variants.map((variant) => variant.scores));
    const candidate = gates.find(({ score, op }) => scores.includes(score) && op !== "=");
    if (!candidate || gates.some(({ confidence, interval }) => confidence !== null || interval)) {
        return null;
    }
    return emptyNote(
        "These gates compare one number with another, and chance is in that number. Give a gate " +
            "a confidence to see its interval here and to let the interval decide: " +
            `{score: ${candidate.score}, min: ${candidate.threshold}, confidence: 0.95}.`,
    );
}
