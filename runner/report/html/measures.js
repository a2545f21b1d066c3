// How long units took and what they cost, by variant, on axes that the variants share.

const MEASURES = {
    latency_ms: { title: "Latency", format: formatMs, percentiles: ["p50", "p95", "p99"] },
    time_to_first_token_ms: {
        title: "Time to first token",
        format: formatMs,
        percentiles: ["p50", "p95", "p99"],
    },
    cost_usd: { title: "Cost of a unit", format: formatCost, percentiles: [] },
};

/** Nothing when no unit was timed and none was paid for: recorded outputs, cached replies. */
function renderMeasures(report, page) {
    if (page.measures.length === 0) return null;
    const alone = report.variants.length === 1;
    return section(
        "measures",
        "Latency and cost",
        element("div", { class: alone ? "panels alone" : "panels" }, page.measures.map(panel)),
    );

    function panel(distribution) {
        const { title } = MEASURES[distribution.measure];
        const shares = distribution.variants.map(({ counts }) => sharesOf(counts));
        const largest = Math.max(...shares.flat(), 0.01);
        return element(
            "div",
            { class: "panel" },
            element("h3", {}, title),
            element(
                "div",
                { class: "figures" },
                distribution.variants.map((variant, at) =>
                    element(
                        "figure",
                        {},
                        measureHistogram(report, distribution, at, shares[at], largest),
                        element("figcaption", {}, caption(distribution, variant)),
                    ),
                ),
            ),
        );
    }

    function caption({ measure }, { variant, counts, mean, unknown }) {
        const { format } = MEASURES[measure];
        const facts = [
            formatSome(sum(counts), "unit"),
            mean !== null && `mean ${format(mean)}`,
            unknown > 0 && `${formatCount(unknown)} without a known price`,
        ];
        const text = facts.filter(Boolean).join(" · ");
        return alone ? text : [element("strong", {}, variant), ` · ${text}`];
    }
}

function measureHistogram(report, distribution, at, shares, largest) {
    const { measure, scale, edges, variants } = distribution;
    const { title, format, percentiles } = MEASURES[measure];
    const { variant, counts, mean } = variants[at];
    const isLog = scale === "log";
    const grow = isLog ? Math.log : (value) => value;
    const [low, high] = [grow(edges[0]), grow(edges.at(-1))];
    const place = (value) => Math.min(Math.max((grow(value) - low) / (high - low), 0), 1);
    const middle = isLog ? Math.exp((low + high) / 2) : (low + high) / 2;
    const summary = report.variants[at][measure];
    const named = percentiles.map((name) => [name, summary?.[name] ?? null]);
    if (percentiles.length === 0) named.push(["mean", mean]);
    return histogram({
        title: `${title} of ${variant}, from ${format(edges[0])} to ${format(edges.at(-1))}`,
        shares,
        largest,
        barTitle: (bar) => binTitle(edges, bar, counts, shares, format),
        ends: [edges[0], middle, edges.at(-1)].map((end) => (end === 0 ? "0" : format(end))),
        axisTitle: isLog ? `${title}, logarithmic` : title,
        marks: named
            .filter(([, value]) => value !== null)
            .map(([name, value]) => ({ text: `${name} ${format(value)}`, at: place(value) })),
    });
}
