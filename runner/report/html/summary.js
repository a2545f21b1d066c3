// The upper part of the page: what was run, how it ended, the gates, the variants.

const RUN_STATUS = {
    passed: { tone: "good", mark: "✓", label: "Passed" },
    failed: { tone: "bad", mark: "✗", label: "Failed" },
    inconclusive: { tone: "unsure", mark: "?", label: "Cannot tell" },
    incomplete: { tone: "unsure", mark: "…", label: "Incomplete" },
    interrupted: { tone: "unsure", mark: "■", label: "Interrupted" },
};

const UNIT_STATUS = {
    scored: "scored",
    failed: "failed",
    unscored: "unscored",
    skipped: "not run",
};

/** A status in words, with a mark, so that it never depends on its colour. */
function badge({ tone, mark, label }) {
    return element(
        "span",
        { class: `badge ${tone}` },
        element("span", { "aria-hidden": "true" }, `${mark} `),
        label,
    );
}

function renderHeader(report, page) {
    const { run } = report;
    return element(
        "header",
        { class: "top" },
        element("p", { class: "eyebrow" }, "assay report"),
        element(
            "div",
            { class: "title" },
            element("h1", {}, run.experiment),
            badge(RUN_STATUS[report.status]),
            report.partial && badge({ tone: "plain", mark: "◐", label: "Partial run" }),
        ),
        page.description && element("p", { class: "description" }, page.description),
        element("p", { class: "verdict" }, verdictSentence(report, page)),
        (report.warnings ?? []).map((text) =>
            element("p", { class: "note" }, sentence(`Warning: ${text}`)),
        ),
        element("dl", { class: "facts" }, runFacts(report).map(fact)),
        element(
            "details",
            { class: "manifest" },
            element("summary", {}, "Manifest: what this run was made of"),
            element("pre", {}, asReadableText(report.manifest)),
        ),
    );
}

/** How the run ended, in a sentence or two. */
function verdictSentence(report, page) {
    const reason = page.reason === page.verdict ? "" : page.reason;
    const partial = report.partial ? "Only a part of the dataset was run." : "";
    return [sentence(capital(page.verdict)), sentence(reason), partial].filter(Boolean).join(" ");
}

function sentence(text) {
    return text && !/[.!?]$/.test(text) ? `${text}.` : text;
}

function capital(text) {
    return text.charAt(0).toUpperCase() + text.slice(1);
}

function runFacts(report) {
    const { run, manifest } = report;
    const git = manifest?.git;
    const ci = manifest?.ci;
    const dataset = manifest?.dataset;
    return [
        ["Run", run.name === run.id ? run.id : `${run.name} (${run.id})`],
        ["Started", formatTime(run.started_at)],
        ["Took", run.wall_ms === null ? "has not ended" : formatDuration(run.wall_ms)],
        dataset?.name && ["Dataset", `${dataset.name}, ${formatSome(dataset.items ?? 0, "item")}`],
        git?.commit && [
            "Commit",
            [git.commit.slice(0, 12), git.branch && ` on ${git.branch}`, git.dirty && ", changed"],
        ],
        ci?.provider && ["CI", [ci.provider, ci.run_url && [" · ", webLink(String(ci.run_url))]]],
        ["assay", manifest?.assay ?? "unknown"],
    ].filter(Boolean);
}

function fact([name, value]) {
    return element("div", {}, element("dt", {}, name), element("dd", {}, value));
}

function emptyNote(text) {
    return element("p", { class: "empty" }, text);
}

/** What broke most often; nothing when nothing broke. */
function renderErrors(page) {
    if (page.errors.length === 0) return null;
    return section(
        "errors",
        "Most common errors",
        element(
            "ol",
            { class: "errors" },
            page.errors.map((text) => element("li", {}, collapsible(text))),
        ),
    );
}

function renderVariants(report, page) {
    const scores = namesOf(report.variants.map((variant) => variant.scores));
    const runScores = namesOf(report.variants.map((variant) => variant.run_scores));
    const some = (test) => report.variants.some(test);
    const columns = [
        ["Units", unitsCell],
        ["Coverage", (variant) => formatShare(variant.coverage)],
        ...scores.map((name) => [name, (variant) => scoreCell(memberOf(variant.scores, name))]),
        ...runScores.map((name) => [name, (variant) => runScoreCell(variant, name)]),
        some((v) => v.latency_ms.p50 !== null) && ["Latency", (v) => latencyCell(v.latency_ms)],
        some((v) => v.time_to_first_token_ms) && [
            "First token",
            (v) => latencyCell(v.time_to_first_token_ms),
        ],
        some((v) => v.tokens.total !== null) && ["Tokens", tokensCell],
        ["Cost", costCell],
    ].filter(Boolean);
    return section(
        "variants",
        report.variants.length === 1 ? "Result" : "Variants",
        element(
            "div",
            { class: "scroll", tabindex: "0", role: "group", "aria-label": "Results by variant" },
            element(
                "table",
                { class: "variants" },
                element("thead", {}, headRow(["Variant", ...columns.map(([name]) => name)])),
                element("tbody", {}, report.variants.map(variantRow)),
            ),
        ),
        unitLegend(),
        [...page.detectable, ...(page.corrected_notes ?? [])].map((text) =>
            element("p", { class: "muted remark" }, sentence(capital(text))),
        ),
    );

    function variantRow(variant) {
        return element(
            "tr",
            {},
            element("th", { scope: "row" }, variant.name),
            columns.map(([name, cell]) => element("td", { "data-label": name }, cell(variant))),
        );
    }
}

function headRow(names) {
    return element(
        "tr",
        {},
        names.map((name) => element("th", { scope: "col" }, name)),
    );
}

/** The keys of all objects, in the order in which they first stand. */
function namesOf(objects) {
    return [...new Set(objects.flatMap((object) => Object.keys(object)))];
}

/** Planned units as one bar: scored, failed, unscored, not run. */
function unitsCell({ units }) {
    const parts = Object.keys(UNIT_STATUS).filter((status) => units[status] > 0);
    const text = parts.map((status) => `${formatCount(units[status])} ${UNIT_STATUS[status]}`);
    let x = 0;
    const bars = parts.map((status) => {
        const width = (units[status] / units.planned) * 100;
        const bar = drawing("rect", { class: `unit-${status}`, x, y: 0, width, height: 8 });
        x += width;
        return bar;
    });
    return [
        units.planned > 0 &&
            drawing(
                "svg",
                {
                    class: "units-bar",
                    viewBox: "0 0 100 8",
                    preserveAspectRatio: "none",
                    role: "img",
                },
                drawing("title", {}, `Of ${formatSome(units.planned, "unit")}: ${text.join(", ")}`),
                bars,
            ),
        element("span", { class: "small" }, text.length > 0 ? text.join(", ") : "none planned"),
    ];
}

function unitLegend() {
    const meaning = {
        scored: "every evaluator gave its score",
        failed: "the task gave no output",
        unscored: "an evaluator broke",
        skipped: "never started or stopped early",
    };
    return element(
        "ul",
        { class: "legend" },
        Object.entries(UNIT_STATUS).map(([status, label]) =>
            element(
                "li",
                {},
                element("span", { class: `swatch unit-${status}`, "aria-hidden": "true" }),
                `${label}: ${meaning[status]}`,
            ),
        ),
    );
}

function scoreCell(score) {
    if (!score) return "–";
    const broken = score.errors > 0 && `${formatCount(score.errors)} broke`;
    const skipped = score.skipped > 0 && `${formatCount(score.skipped)} skipped`;
    const notes = [`n = ${formatCount(score.items)}`, broken, skipped].filter(Boolean).join(" · ");
    const repetitions = repetitionNote(score.repetitions);
    return [
        element("strong", {}, score.categories ? topCategories(score) : formatNumber(score.mean)),
        score.interval &&
            element(
                "span",
                { class: "small interval", title: formatMethod(score.interval) },
                ` ${formatInterval(score.interval)}`,
            ),
        correctedNote(score.corrected),
        element("span", { class: "small block" }, notes),
        repetitions && element("span", { class: "small block" }, repetitions),
    ];
}

/** What people would say in place of the judge; nothing when that is not known. */
function correctedNote(corrected) {
    if (!corrected || corrected.mean === null) return null;
    const { mean, interval, labels } = corrected;
    const title = `${formatMethod(interval)}, ${formatSome(labels, "label")}`;
    return element(
        "span",
        { class: "small block", title },
        `corrected ${formatNumber(mean)} ${formatInterval(interval)}`,
    );
}

/** How much the repetitions of an item differ; nothing when there are none to compare. */
function repetitionNote(repetitions) {
    if (!repetitions) return null;
    const { items, varying, stddev } = repetitions;
    const spread = varying > 0 && stddev !== null ? ` (± ${formatNumber(stddev)})` : "";
    return `items that vary: ${formatCount(varying)} of ${formatCount(items)}${spread}`;
}

function runScoreCell(variant, name) {
    const note = memberOf(variant.run_score_notes, name);
    return [
        element("strong", {}, formatNumber(memberOf(variant.run_scores, name))),
        note && element("span", { class: "small block" }, note),
    ];
}

/** The three most frequent categories with their shares. */
function topCategories(score) {
    const sorted = Object.entries(score.categories).toSorted(([, a], [, b]) => b - a);
    const shown = sorted.slice(0, 3).map(([name, count]) => {
        const share = formatShare(count / score.count);
        return element("span", { class: "category" }, `${clip(name, 24)} ${share}`);
    });
    const left = sorted.length - shown.length;
    if (left > 0) shown.push(element("span", { class: "small block" }, `and ${left} more`));
    return shown.length > 0 ? shown : "–";
}

/** `percentiles` may be missing: the variant did not stream, or has no time of its own. */
function latencyCell(percentiles) {
    if (!percentiles) return "–";
    const { p50, p95, p99 } = percentiles;
    return [
        element("strong", {}, formatMs(p50)),
        element("span", { class: "small block" }, `p95 ${formatMs(p95)} · p99 ${formatMs(p99)}`),
    ];
}

function tokensCell({ tokens }) {
    if (tokens.total === null) return "–";
    const kinds = ["input", "output"].filter((kind) => tokens[kind] !== null);
    return [
        element("strong", {}, formatCount(tokens.total)),
        element(
            "span",
            { class: "small block" },
            kinds.map((kind) => `${formatCount(tokens[kind])} ${kind}`).join(" · "),
        ),
    ];
}

function costCell({ cost_usd: cost, paid_usd: paid, calls, judges }) {
    const notes = [
        paid !== cost && `paid ${formatCost(paid)}`,
        calls.provider > 0 && formatSome(calls.provider, "call"),
        calls.cached > 0 && `${formatCount(calls.cached)} cached`,
        calls.retried > 0 && `${formatCount(calls.retried)} retried`,
        judges && `judges ${formatCost(judges.cost_usd)} in ${formatSome(judges.calls, "call")}`,
    ].filter(Boolean);
    return [
        element("strong", {}, formatCost(cost)),
        element("span", { class: "small block" }, notes.join(" · ")),
    ];
}
