// The HTML report of a real run in a real browser: nothing is loaded, nothing hostile is executed,
// and what the page offers works.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { makeReport, openReport, OUTPUT, startBrowser } from "./browser.mjs";
import { HOSTILE_TEXTS } from "./hostile_texts.mjs";
import { control, forestRows, tickTexts, weakestContrast } from "./page.mjs";

const TEAMS = ["billing", "sales", "technical"];
const ITEMS = 90;

const SPEC = {
    experiment: "support-router",
    description: "Route tickets to the right team",
    task: { recorded: "$.answers.keywords" },
    variants: [{ name: "keywords" }, { name: "weighted", recorded: "$.answers.weighted" }],
    evaluators: [
        { name: "team", type: "exact_match", check: true },
        { name: "similar", type: "levenshtein" },
        { name: "size", type: "length" },
    ],
    run_evaluators: [
        { name: "median_similar", type: "median", score: "similar" },
        { name: "accuracy", type: "accuracy" },
        { name: "teams", type: "confusion_matrix" },
    ],
    gates: ["team >= 0.9", "similar >= 0.1"],
    execution: { min_coverage: 0.5 },
};

const SECTIONS = ["gates", "variants", "comparisons", "distributions", "units"];

/** Each third answer of one variant and each tenth of the other is wrong; two are missing. */
function ticket(number) {
    const team = TEAMS[number % TEAMS.length];
    const wrong = TEAMS[(number + 1) % TEAMS.length];
    const answers = {
        keywords: number % 3 === 0 ? wrong : team,
        weighted: number % 10 === 0 ? `${wrong} team, I think, because of the invoice` : team,
    };
    if (number === 11 || number === 50) delete answers.weighted;
    return {
        input: { subject: `Ticket ${number}`, body: `About my ${team} question.\nThank you!` },
        expected_output: team,
        lang: number % 2 === 0 ? "de" : "en",
        answers,
    };
}

/** Runs in the page: a pair of random texts whose difference is not made of them, or null. */
function findWrongDifference(seed) {
    let state = seed + 1;
    const random = (n) => (state = (state * 48271) % 2147483647) % n;
    const text = () => Array.from({ length: random(12) }, () => "ab \n.é"[random(6)]).join("");
    for (let round = 0; round < 5000; round++) {
        const [before, after] = [text(), text()];
        const pieces = diffTexts(before, after);
        const side = (kinds) => pieces.filter((p) => kinds.includes(p.kind)).map((p) => p.text);
        const sides = [side(["same", "removed"]).join(""), side(["same", "added"]).join("")];
        if (sides[0] !== before || sides[1] !== after) return { before, after, pieces };
    }
    return null;
}

/** A program whose answer to "turns" depends on the repetition; to all else it is the first one. */
function answerScript(answers) {
    const cases = answers.map((answer, at) => `*'"turns"'*'"repetition":${at}'*) echo ${answer};;`);
    return `read -r unit; case "$unit" in ${cases.join(" ")} *) echo ${answers[0]};; esac\n`;
}

let browser;
before(async () => {
    browser = await startBrowser();
});
after(() => browser.close());

describe("report of two variants", () => {
    let report;
    before(() => {
        report = makeReport(
            SPEC,
            Array.from({ length: ITEMS }, (_, i) => ticket(i)),
            1,
        );
    });
    after(() => report.remove());

    /** Opens the report, lets `check` look at it, and then nothing may have gone wrong. */
    async function withReport(check, options) {
        const { page, troubles } = await openReport(browser, report.path, options);
        await check(page);
        assert.deepEqual(troubles, []);
        await page.context().close();
    }
    const units = (page) => page.locator("tr.unit");
    const count = (page) => page.locator(".count").innerText();

    test("its summary says what was run and how it ended", () =>
        withReport(async (page) => {
            assert.equal(await page.locator("h1").innerText(), "support-router");
            assert.match(await page.locator(".title .badge").innerText(), /Failed/);
            assert.match(await page.locator(".verdict").innerText(), /1 of 2 gates failed\./);
            const gates = await forestRows(page, "gates").allInnerTexts();
            assert.equal(gates.length, 4);
            assert.match(gates[0], /FAIL[\s\S]*team >= 0\.9[\s\S]*below the 0\.9 required/);
            assert.match(gates[3], /PASS/);
            const hint = await page.locator("#gates .empty").innerText();
            assert.match(hint, /\{score: team, min: 0\.9, confidence: 0\.95\}/);
            const variants = await page.locator("table.variants tbody tr").allInnerTexts();
            assert.match(variants[0], /^keywords[\s\S]*90 scored[\s\S]*100 %/);
            assert.match(variants[1], /^weighted[\s\S]*88 scored, 2 failed[\s\S]*97\.8 %/);
            const accuracy = page.locator("table.variants td[data-label=accuracy]");
            assert.deepEqual(await accuracy.allInnerTexts(), [
                "0.6667",
                "0.9091\nover 88 of 90 units: 2 failed",
            ]);
        }));

    test("its plots and matrices show every value", () =>
        withReport(async (page) => {
            const captions = await page.locator("#distributions figcaption").allInnerTexts();
            assert.deepEqual(captions.slice(0, 2), [
                "keywords · 90 values",
                "weighted · 88 values",
            ]);
            const charts = page.locator("#distributions svg.chart");
            assert.equal(await charts.count(), 6);
            for (const chart of await charts.all()) {
                assert.match(await chart.getAttribute("aria-label"), /for (keywords|weighted)/);
            }
            const ticks = await tickTexts(page).allTextContents();
            assert.ok(ticks.length > 30);
            for (const tick of ticks) assert.doesNotMatch(tick, /e[+-]/i);
            const matrices = page.locator("table.confusion");
            assert.match(await matrices.first().innerText(), /^teams of keywords/);
            assert.equal(await matrices.count(), 2);
            for (const matrix of await matrices.all()) {
                assert.equal(await matrix.locator("tbody tr").count(), TEAMS.length);
            }
            const notes = page.locator("#confusion figcaption");
            assert.deepEqual(await notes.allInnerTexts(), ["over 88 of 90 units: 2 failed"]);
        }));

    test("its units begin with those that failed", () =>
        withReport(async (page) => {
            assert.equal(await count(page), "180 units");
            assert.equal(await units(page).count(), 50);
            const first = await units(page).allInnerTexts();
            assert.match(first[0], /failed/);
            assert.match(first[1], /failed/);
            assert.match(first[2], /check/);
        }));

    test("its units can be searched and filtered", () =>
        withReport(async (page) => {
            await control(page, "Search").fill("ticket 42");
            assert.equal(await count(page), "2 of 180 units");
            await control(page, "Variant").selectOption("weighted");
            assert.equal(await count(page), "1 of 180 units");
            await control(page, "Search").fill("nothing like it");
            assert.match(await page.locator(".units tbody").innerText(), /No unit passes/);
            await page.getByRole("button", { name: "Reset" }).click();
            assert.equal(await count(page), "180 units");
            await control(page, "Status").selectOption("failed");
            assert.equal(await count(page), "2 of 180 units");
            await page.getByRole("button", { name: "Reset" }).click();
            await control(page, "Score").selectOption("team");
            await control(page, "Value").selectOption("false");
            assert.equal(await count(page), "38 of 180 units");
            await control(page, "Score").selectOption("size");
            await control(page, "at least").fill("10");
            assert.equal(await count(page), "8 of 180 units");
        }));

    test("its units can be sorted by any column in both directions", () =>
        withReport(async (page) => {
            const items = async () => {
                const cells = await page.locator("td.score[data-label=size]").allInnerTexts();
                return cells.map(Number);
            };
            const head = page.locator(".units thead").getByRole("button", { name: "size" });
            await head.click();
            assert.deepEqual((await items()).slice(0, 3), [5, 5, 5]);
            await head.click();
            assert.ok((await items())[0] > 40);
            assert.equal(await page.locator("th[aria-sort=descending]").innerText(), "size ↓");
            await head.click();
            assert.match(await units(page).first().innerText(), /failed/);
        }));

    test("its units can be grouped and groups closed", () =>
        withReport(async (page) => {
            await control(page, "Group by").selectOption("metadata.lang");
            const group = page.locator("tr.group");
            assert.match(await group.first().innerText(), /de[\s\S]*90 units · team 0\.\d+/);
            await group.first().getByRole("button").click();
            assert.equal(await group.count(), 2);
            assert.match(await group.nth(1).innerText(), /en[\s\S]*90 units/);
            await control(page, "Group by").selectOption("variant");
            assert.match(await group.first().innerText(), /keywords/);
        }));

    test("its pages turn", () =>
        withReport(async (page) => {
            const pager = page.locator(".pager");
            await pager.getByRole("button", { name: "Last" }).click();
            assert.equal(await units(page).count(), 30);
            assert.match(await pager.innerText(), /Page 4 of 4/);
            assert.ok(await pager.getByRole("button", { name: "Next" }).isDisabled());
            await pager.getByRole("button", { name: "Previous" }).click();
            assert.equal(await units(page).count(), 50);
        }));

    test("a unit opens by mouse and by keyboard and shows what differs", () =>
        withReport(async (page) => {
            await control(page, "Search").fill("because of the invoice");
            await units(page).first().click();
            const details = page.locator(".details");
            assert.match(await details.locator(".diff").innerText(), /team, I think/);
            assert.ok((await details.locator(".diff ins").count()) > 0);
            assert.match(await details.innerText(), /expected "/);
            assert.match(await details.innerText(), /Trace/);
            const opener = units(page).first().getByRole("button");
            assert.equal(await opener.getAttribute("aria-expanded"), "true");
            await opener.press("Enter");
            assert.equal(await details.count(), 0);
            await page.keyboard.press("Space");
            assert.equal(await details.count(), 1);
        }));

    test("the difference of two texts holds both texts", () =>
        withReport(async (page) => {
            const seed = Number(process.env.ASSAY_SEED ?? Date.now() % 1e6);
            const wrong = await page.evaluate(findWrongDifference, seed);
            assert.equal(wrong, null, `ASSAY_SEED=${seed}`);
        }));

    test("two texts of a megabyte are compared or given up within a second", () =>
        withReport(async (page) => {
            const took = await page.evaluate(() => {
                const begin = performance.now();
                const words = Array.from({ length: 170_000 }, (_, i) => `word${i % 97}`);
                diffTexts(words.join(" "), words.toReversed().join(" "));
                return performance.now() - begin;
            });
            assert.ok(took < 1000, `${took} ms`);
        }));

    for (const width of [1280, 390]) {
        for (const colorScheme of ["light", "dark"]) {
            test(`it fits ${width} pixels and is ${colorScheme}`, () =>
                withReport(
                    async (page) => {
                        await units(page).nth(3).click();
                        const wide = await page.evaluate(
                            () => document.documentElement.scrollWidth,
                        );
                        assert.ok(wide <= width, `${wide} pixels wide`);
                        for (const id of SECTIONS) {
                            assert.ok(await page.locator(`#${id}`).isVisible(), id);
                        }
                        const background = await page.evaluate(
                            () => getComputedStyle(document.body).backgroundColor,
                        );
                        // WCAG 2.2, 1.4.3
                        const contrast = await page.evaluate(weakestContrast);
                        assert.ok(contrast >= 4.5, `a contrast of ${contrast}`);
                        const brightness = background.match(/\d+/g).map(Number)[0];
                        assert.equal(brightness < 128, colorScheme === "dark");
                        const path = join(OUTPUT, `report-${width}-${colorScheme}.png`);
                        await page.screenshot({ path, fullPage: true });
                    },
                    { viewport: { width, height: 900 }, colorScheme },
                ));
        }
    }

    test("on paper the controls are gone and the plots are there", () =>
        withReport(async (page) => {
            await page.emulateMedia({ media: "print" });
            assert.ok(!(await page.locator(".controls").isVisible()));
            assert.ok(await page.locator("svg.chart").first().isVisible());
            assert.ok(await units(page).first().isVisible());
            const pdf = await page.pdf({ path: join(OUTPUT, "report.pdf"), format: "A4" });
            assert.equal(pdf.subarray(0, 5).toString(), "%PDF-");
        }));
});

describe("report of repetitions", () => {
    test("it says which items vary and groups their repetitions with a spread", async (t) => {
        const answers = ["yes", "no", "yes"];
        const report = makeReport(
            {
                experiment: "trials",
                dataset: { id: "$.id" },
                task: { command: ["sh", "answer.sh"], mode: "once" },
                variants: [{ name: "first" }, { name: "second" }],
                repetitions: 3,
                evaluators: ["exact_match"],
            },
            ["steady", "turns"].map((id) => ({
                id,
                input: id,
                expected_output: "yes",
                lang: "en",
            })),
            0,
            { files: { "answer.sh": answerScript(answers) } },
        );
        t.after(report.remove);
        const { page, troubles } = await openReport(browser, report.path);
        const score = page.locator("table.variants td[data-label=exact_match]").first();
        assert.match(await score.innerText(), /items that vary: 1 of 2 \(± 0\.4082\)/);
        await control(page, "Group by").selectOption("item and variant");
        const latency = page.locator("#measures figure");
        assert.match(await latency.first().innerText(), /first · 6 units · mean/);
        const marks = await latency.first().locator(".name").allTextContents();
        assert.deepEqual(
            marks.map((text) => text.split(" ")[0]),
            ["p50", "p95", "p99"],
        );
        const groups = await page.locator("tr.group").allInnerTexts();
        assert.equal(groups.length, 4);
        assert.match(groups[1], /steady · second[\s\S]*3 units · exact_match 1 ± 0/);
        assert.match(groups[3], /turns · second[\s\S]*exact_match 0\.6667 ± 0\.5774/);
        assert.deepEqual(troubles, []);
        await page.context().close();
    });
});

describe("report of hostile texts", () => {
    test("they stay texts wherever they stand", async (t) => {
        assert.ok(HOSTILE_TEXTS.length >= 50);
        const rows = HOSTILE_TEXTS.map((text, at) => ({
            id: `${text} ${at}`,
            input: { [text]: text },
            expected_output: `${text} `,
            lang: text,
            // Each third item fails in the second variant, and so it is listed in the comparison.
            answers: { second: text, ...(at % 3 > 0 && { first: [text, { [text]: text }] }) },
        }));
        const name = '<img src=x onerror="pwned()">';
        const spec = {
            experiment: name,
            description: HOSTILE_TEXTS[1],
            dataset: { id: "$.id" },
            task: { recorded: "$.answers.second" },
            variants: [{ name }, { name: "first", recorded: "$.answers.first" }],
            evaluators: ["exact_match", { name, type: "contains", check: true }],
            run_evaluators: [{ name: `${name}s`, type: "confusion_matrix" }],
            gates: [
                { score: name, min: 0.5 },
                { score: name, min: 0.5, slice: "metadata.lang", confidence: 0.9 },
            ],
            execution: { min_coverage: 0.5 },
        };
        const report = makeReport(spec, rows, 1);
        t.after(report.remove);
        const { page, troubles } = await openReport(browser, report.path);
        assert.equal(await page.locator("h1").innerText(), name);
        const slices = forestRows(page, "slices");
        assert.equal(await slices.count(), 2 * 12);
        await page.locator("#slices").getByRole("button").first().click();
        assert.equal(await slices.count(), 12 + HOSTILE_TEXTS.length);
        await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
        assert.equal(await slices.count(), 2 * HOSTILE_TEXTS.length);
        const summaries = await page.locator("#comparisons .items summary").all();
        assert.ok(summaries.length > 0);
        for (const summary of summaries) await summary.click();
        await control(page, "Group by").selectOption("metadata.lang");
        await control(page, "Group by").selectOption("");
        for (let isMore = true; isMore;) {
            for (const opener of await page.locator(".opener").all()) await opener.click();
            const next = page.locator(".pager").getByRole("button", { name: "Next" });
            isMore = await next.isEnabled();
            if (isMore) await next.click();
        }
        // What a payload starts runs before a later task of the page does.
        await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
        const made = await page.evaluate(
            () =>
                document.querySelectorAll("img, iframe, script, object, embed, form[action]")
                    .length,
        );
        assert.equal(made, 0);
        assert.deepEqual(troubles, []);
        await page.context().close();
    });
});

describe("report of a variant with one value", () => {
    test("shares and ends of its axes are plain digits", async (t) => {
        const spec = {
            experiment: "same",
            task: { recorded: "$.same" },
            variants: [{ name: "same" }, { name: "other", recorded: "$.other" }],
            evaluators: ["length"],
        };
        const rows = Array.from({ length: 30 }, (_, at) => ({
            input: at,
            lang: "en",
            same: "a".repeat(1500),
            other: "a".repeat(1 + 10 * at),
        }));
        const report = makeReport(spec, rows, 0);
        t.after(report.remove);
        const { page, troubles } = await openReport(browser, report.path);
        const ticks = await tickTexts(page).allTextContents();
        // All values of one variant are in one bin; both variants have the same axes.
        assert.equal(ticks.filter((tick) => tick === "100 %").length, 2);
        for (const tick of ticks) assert.doesNotMatch(tick, /e[+-]/i);
        assert.deepEqual(troubles, []);
        await page.context().close();
    });
});

describe("report of nothing", () => {
    test("a run without gates and with one unit is a page all the same", async (t) => {
        const spec = { experiment: "one", task: { recorded: "$.a" }, evaluators: ["exact_match"] };
        const row = { input: "q", expected_output: "a", lang: "en", a: "a" };
        const report = makeReport(spec, [row], 0);
        t.after(report.remove);
        const { page, troubles } = await openReport(browser, report.path);
        assert.match(await page.locator("#gates").innerText(), /No gates were set/);
        const comparisons = await page.locator("#comparisons").innerText();
        assert.match(comparisons, /compared with nothing[\s\S]*assay baseline set main \d+/);
        assert.equal(await page.locator("#slices, #measures").count(), 0);
        assert.equal(await page.locator("#confusion").count(), 0);
        assert.equal(await page.locator("tr.unit").count(), 1);
        assert.deepEqual(troubles, []);
        await page.context().close();
    });

    test("what cannot be computed says why", async (t) => {
        const spec = {
            experiment: "none",
            task: { recorded: "$.answer" },
            evaluators: ["exact_match"],
            run_evaluators: [
                { name: "right", type: "accuracy" },
                { name: "answers", type: "confusion_matrix" },
            ],
        };
        const rows = [{ input: "q", expected_output: "a", lang: "en" }];
        const report = makeReport(spec, rows, 4);
        t.after(report.remove);
        const { page, troubles } = await openReport(browser, report.path);
        const right = page.locator("table.variants td[data-label=right]");
        assert.match(await right.innerText(), /^–\ncannot be computed: /);
        assert.equal(
            await page.locator("#confusion").innerText(),
            "Confusion matrix\n\n" +
                "answers of default: cannot be computed: no unit has both labels: 1 failed",
        );
        assert.equal(await page.locator("table.confusion").count(), 0);
        assert.deepEqual(troubles, []);
        await page.context().close();
    });
});
