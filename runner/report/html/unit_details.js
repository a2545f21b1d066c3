// What an opened row shows: input, expected output and output with what differs, scores with their
// comments, what broke, and the rest.

/** Longer texts begin folded. */
const FOLD_CHARACTERS = 700;
const FOLD_LINES = 14;

function unitDetails(unit) {
    return element(
        "div",
        { class: "details" },
        unit.error && notice("The task failed", unit.error),
        Object.entries(unit.errors ?? {}).map(([name, why]) => notice(`${name} broke`, why)),
        element(
            "div",
            { class: "texts" },
            valuePanel("Input", unit.input, unit.shortened?.input),
            valuePanel("Expected output", unit.expected_output, unit.shortened?.expected_output),
            valuePanel("Output", unit.output, unit.shortened?.output),
        ),
        differences(unit),
        scoreTable(unit),
        metadataFacts(unit.metadata),
        unit.log && valuePanel("Log", unit.log, unit.shortened?.log),
        element("dl", { class: "facts" }, unitFacts(unit).map(fact)),
    );
}

function notice(title, text) {
    return element(
        "div",
        { class: "notice" },
        element("strong", {}, title),
        collapsible(asText(text)),
    );
}

/** A value with its heading; `bytes` is its size where only its beginning is in this file. */
function valuePanel(title, value, bytes) {
    const missing = value === null || value === undefined;
    return element(
        "div",
        { class: "value" },
        element("h4", {}, title),
        missing ? element("p", { class: "muted" }, "none") : valueBlocks(value),
        bytes !== undefined &&
            element("p", { class: "muted small" }, `Only the beginning of ${formatBytes(bytes)}.`),
    );
}

/** Texts inside an object, or the messages of a chat, are read one by one and not as JSON. */
function valueBlocks(value) {
    const parts = namedParts(value);
    if (!parts) return collapsible(asReadableText(value));
    return parts.map(([name, part]) => [
        element("p", { class: "small" }, name),
        collapsible(asReadableText(part)),
    ]);
}

function metadataFacts(metadata) {
    if (!isObject(metadata) || Object.keys(metadata).length === 0) return null;
    return element(
        "div",
        { class: "value" },
        element("h4", {}, "Metadata"),
        element(
            "dl",
            { class: "facts" },
            Object.entries(metadata).map(([k, v]) => fact([k, asText(v)])),
        ),
    );
}

/** A text that begins folded when it is long. */
function collapsible(text) {
    const lines = text.split("\n");
    const block = element("pre", {}, text);
    if (text.length <= FOLD_CHARACTERS && lines.length <= FOLD_LINES) return block;
    const folded = [...lines.slice(0, FOLD_LINES).join("\n")].slice(0, FOLD_CHARACTERS).join("");
    const size = `${formatCount(text.length)} characters`;
    const button = element("button", { type: "button", class: "link", onclick: toggle });
    let isFolded = false;
    toggle();
    return element("div", {}, block, button);

    function toggle() {
        isFolded = !isFolded;
        block.textContent = isFolded ? `${folded}…` : text;
        button.textContent = isFolded ? `Show all ${size}` : "Show less";
        button.setAttribute("aria-expanded", String(!isFolded));
    }
}

/** Expected output against output, word by word; nothing when one is missing or they are equal. */
function differences({ expected_output: expected, output }) {
    if (expected === null || output === null) return null;
    const before = asReadableText(expected);
    const after = asReadableText(output);
    if (before === after) return null;
    const pieces = diffTexts(before, after);
    const heading = element("h4", {}, "Difference");
    if (pieces === null) {
        return element("div", { class: "value" }, heading, emptyNote("Too long to compare."));
    }
    const tags = { same: "span", removed: "del", added: "ins" };
    return element(
        "div",
        { class: "value" },
        heading,
        element(
            "p",
            { class: "small muted" },
            element("del", {}, "only expected"),
            " ",
            element("ins", {}, "only in the output"),
        ),
        element(
            "pre",
            { class: "diff" },
            pieces.map(({ kind, text }) => element(tags[kind], {}, text)),
        ),
    );
}

function scoreTable(unit) {
    const scores = Object.entries(unit.scores);
    const skipped = Object.entries(unit.skipped ?? {});
    if (scores.length === 0 && skipped.length === 0) return null;
    const line = (name, value, comment) =>
        element(
            "tr",
            {},
            element("th", { scope: "row" }, name),
            element("td", {}, value),
            element("td", {}, comment ? collapsible(comment) : ""),
        );
    return element(
        "div",
        { class: "value" },
        element("h4", {}, "Scores"),
        element(
            "table",
            { class: "scores" },
            scores.map(([name, { value, comment }]) => line(name, scoreMark(value), comment)),
            skipped.map(([name, why]) => line(name, "skipped", why)),
        ),
    );
}

/** A score's value; true and false with a mark of their own. */
function scoreMark(value) {
    if (typeof value !== "boolean") return formatScore(value);
    return element(
        "span",
        { class: value ? "yes" : "no" },
        element("span", { "aria-hidden": "true" }, value ? "✓ " : "✗ "),
        String(value),
    );
}

function unitFacts(unit) {
    const tokens = Object.entries(unit.tokens ?? {}).map(
        ([kind, n]) => `${formatCount(n)} ${kind}`,
    );
    return [
        ["Latency", unit.latency_ms === null ? "not measured" : formatMs(unit.latency_ms)],
        ["Cost", formatCost(unit.cost_usd)],
        tokens.length > 0 && ["Tokens", tokens.join(", ")],
        ["Repetition", String(unit.repetition)],
        ["Trace", element("code", {}, unit.trace_id)],
    ].filter(Boolean);
}
