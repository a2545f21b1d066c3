// The distribution of every score and the confusion matrices. Variants stand side by side in
// drawings of their own with the same axes: colours would run out, and readers of colours too.

const CHART = { width: 320, height: 170, left: 44, right: 8, top: 12, bottom: 30 };
const MARK = { line: 13, letter: 7 };

function renderDistributions(page) {
    const shown = page.distributions.filter((distribution) =>
        distribution.variants.some((variant) => sum(variant.counts) > 0),
    );
    if (shown.length === 0) return null;
    const alone = shown.every((distribution) => distribution.variants.length === 1);
    return section(
        "distributions",
        "Score distributions",
        element("div", { class: alone ? "panels alone" : "panels" }, shown.map(scorePanel)),
    );

    function scorePanel(distribution) {
        const draw = distribution.edges ? scoreHistogram : categoryBars;
        // One scale for all, as shares: variants may have different numbers of values.
        const shares = distribution.variants.map(({ counts }) => sharesOf(counts));
        const largest = Math.max(...shares.flat(), 0.01);
        return element(
            "div",
            { class: "panel" },
            element(
                "h3",
                {},
                distribution.score,
                element("span", { class: "muted small" }, ` ${distribution.data_type}`),
            ),
            element(
                "div",
                { class: "figures" },
                distribution.variants.map((variant, at) =>
                    element(
                        "figure",
                        {},
                        draw(distribution, variant, shares[at], largest),
                        element("figcaption", {}, caption(variant)),
                    ),
                ),
            ),
        );
    }

    function caption({ variant, counts }) {
        const values = formatSome(sum(counts), "value");
        return alone ? values : [element("strong", {}, variant), ` · ${values}`];
    }
}

function sum(numbers) {
    return numbers.reduce((total, number) => total + number, 0);
}

function sharesOf(counts) {
    const total = sum(counts);
    return counts.map((count) => (total > 0 ? count / total : 0));
}

/** Equal bins between the least and the greatest value of all variants. */
function scoreHistogram({ score, edges }, { variant, counts }, shares, largest) {
    const middle = (edges[0] + edges.at(-1)) / 2;
    return histogram({
        title:
            `Histogram of ${score} for ${variant}, from ${formatNumber(edges[0])} to ` +
            `${formatNumber(edges.at(-1))}`,
        shares,
        largest,
        barTitle: (at) => binTitle(edges, at, counts, shares, formatNumber),
        ends: [edges[0], middle, edges.at(-1)].map(formatNumber),
        axisTitle: score,
    });
}

/**
 * Bars side by side. `ends` are the texts under the beginning, the middle and the end; `marks` are
 * lines across with a text, {text, at} where `at` is between 0 and 1.
 */
function histogram({ title, shares, largest, barTitle, ends, axisTitle, marks = [] }) {
    const { width, height, left, right, bottom } = CHART;
    const top = CHART.top + marks.length * MARK.line;
    const baseline = height - bottom;
    const step = (width - left - right) / shares.length;
    const y = (share) => baseline - (share / largest) * (baseline - top);
    const bars = shares.map((share, at) =>
        drawing(
            "rect",
            {
                class: "bar",
                x: left + at * step + 0.5,
                y: y(share),
                width: Math.max(step - 1, 1),
                height: baseline - y(share),
            },
            drawing("title", {}, barTitle(at)),
        ),
    );
    const x = (at) => left + at * (width - left - right);
    return chart(
        title,
        height,
        shareAxis(largest, y),
        bars,
        drawing("line", { class: "axis", x1: left, x2: width - right, y1: baseline, y2: baseline }),
        // The last one stands at the top: no line of another goes through its text.
        marks.map(({ text, at }, line) => {
            return markLine(text, x(at), top - (line + 0.4) * MARK.line, baseline);
        }),
        ends.map((text, at) =>
            drawing(
                "text",
                { x: x(at / 2), y: baseline + 14, "text-anchor": ["start", "middle", "end"][at] },
                text,
            ),
        ),
        drawing(
            "text",
            { class: "axis-title", x: x(0.5), y: height - 3, "text-anchor": "middle" },
            clip(axisTitle, 40),
        ),
    );
}

/** A line down to the axis; its text stands before it, as far as there is room. */
function markLine(text, x, y, baseline) {
    const isFirst = x - 4 < text.length * MARK.letter;
    return [
        drawing("line", { class: "mark", x1: x, x2: x, y1: y - 8, y2: baseline }),
        drawing(
            "text",
            {
                class: "name",
                x: isFirst ? x + 4 : x - 4,
                y,
                "text-anchor": isFirst ? "start" : "end",
            },
            text,
        ),
    ];
}

function binTitle(edges, at, counts, shares, format) {
    const below = at === counts.length - 1 ? "" : "below ";
    const range = `${format(edges[at])} to ${below}${format(edges[at + 1])}`;
    return `${range}: ${formatCount(counts[at])} (${formatShare(shares[at])})`;
}

/** Three lines across with the share of the values that each stands for. */
function shareAxis(largest, y) {
    const { width, left, right } = CHART;
    return [0, largest / 2, largest].map((share) => [
        drawing("line", { class: "grid", x1: left, x2: width - right, y1: y(share), y2: y(share) }),
        drawing(
            "text",
            { x: left - 6, y: y(share) + 4, "text-anchor": "end" },
            share === 0 ? "0 %" : `${Number((share * 100).toPrecision(2))} %`,
        ),
    ]);
}

/** One bar a category, with its count and share written beside it. */
function categoryBars({ score, categories }, { variant, counts }, shares, largest) {
    const line = 26;
    const nameWidth = 104;
    const barWidth = CHART.width - nameWidth - 96;
    const lines = categories.map((category, at) => {
        const y = 4 + at * line;
        const length = (shares[at] / largest) * barWidth;
        const text = `${formatCount(counts[at])} · ${formatShare(shares[at])}`;
        return drawing(
            "g",
            {},
            drawing("title", {}, `${category}: ${text}`),
            drawing(
                "text",
                { class: "name", x: nameWidth - 8, y: y + 14, "text-anchor": "end" },
                clip(category, 15),
            ),
            drawing("rect", {
                class: category === "false" ? "bar bar-false" : "bar",
                x: nameWidth,
                y: y + 2,
                width: Math.max(length, shares[at] > 0 ? 1 : 0),
                height: line - 10,
                rx: 2,
            }),
            drawing("text", { x: nameWidth + length + 6, y: y + 14 }, text),
        );
    });
    const height = 8 + categories.length * line;
    return chart(
        `Values of ${score} for ${variant}`,
        height,
        drawing("line", { class: "axis", x1: nameWidth, x2: nameWidth, y1: 2, y2: height - 4 }),
        lines,
    );
}

function chart(title, height, ...parts) {
    return drawing(
        "svg",
        {
            class: "chart",
            viewBox: `0 0 ${CHART.width} ${height}`,
            role: "img",
            "aria-label": title,
        },
        parts,
    );
}

/** Larger matrices are for programs: they are in the JSON report. */
const MATRIX_LABELS_MAX = 40;

/** The matrices that the spec asks for; else those of expected output and output. */
function renderConfusions(report, page) {
    const asked = report.variants.flatMap((variant) =>
        Object.entries(variant.matrices ?? {}).map(([name, matrix]) => ({
            title: `${name} of ${variant.name}`,
            note: memberOf(variant.run_score_notes, name),
            ...matrix,
        })),
    );
    const found = page.confusions.map((matrix) => ({ title: matrix.variant, ...matrix }));
    const matrices = asked.length > 0 ? asked : found;
    if (matrices.length === 0) return null;
    return section(
        "confusion",
        "Confusion matrix",
        matrices.some(({ labels }) => labels) &&
            element(
                "p",
                { class: "muted" },
                "Lines are expected, columns are predicted. The stronger a cell's colour, " +
                    "the greater its share of the line.",
            ),
        element(
            "div",
            { class: "figures wide" },
            matrices.map((matrix) =>
                labelMatrix({ ...matrix, across: "expected", along: "predicted", same: "hit" }),
            ),
        ),
    );
}

/**
 * How often each label of the lines met each of the columns. `across` and `along` say what the two
 * are, `same` how cells of equal labels look; `note` says what is left out or, where there are no
 * labels, why.
 */
function labelMatrix(matrix) {
    const { title, note, labels, counts, across, along } = matrix;
    if (!labels) return emptyNote(`${title}: ${note}`);
    if (labels.length > MATRIX_LABELS_MAX) {
        return emptyNote(
            `${title}: ${labels.length} labels; the JSON report has the whole matrix.`,
        );
    }
    const columns = labels.map((label) => element("th", { scope: "col" }, labelText(label)));
    // What only the columns hold has no line of its own.
    const lines = labels.map((label, at) => at).filter((at) => sum(counts[at]) > 0);
    return element(
        "figure",
        { class: "scroll", tabindex: "0" },
        element(
            "table",
            { class: "confusion" },
            element("caption", {}, title),
            element(
                "thead",
                {},
                element(
                    "tr",
                    {},
                    element("th", { scope: "col" }, `${across} ↓ ${along} →`),
                    columns,
                ),
            ),
            element(
                "tbody",
                {},
                lines.map((line) =>
                    element(
                        "tr",
                        {},
                        element("th", { scope: "row" }, labelText(labels[line])),
                        labels.map((label, column) => matrixCell(matrix, line, column)),
                    ),
                ),
            ),
        ),
        note && element("figcaption", {}, note),
    );
}

function labelText(label) {
    return label === "" ? '""' : clip(label, 24);
}

function matrixCell({ labels, counts, across, along, same }, line, column) {
    const count = counts[line][column];
    const share = count / sum(counts[line]);
    const kind = line === column ? same : "miss";
    const [from, to] = [labelText(labels[line]), labelText(labels[column])];
    const much = `${formatCount(count)} (${formatShare(share)})`;
    const cell = element(
        "td",
        {
            class: count === 0 ? "zero" : kind,
            title: `${across} ${from}, ${along} ${to}: ${much}`,
        },
        formatCount(count),
    );
    cell.style.setProperty("--share", share.toFixed(3));
    return cell;
}
