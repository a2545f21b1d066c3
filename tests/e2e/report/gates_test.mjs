// Gates with intervals, slices, comparisons and their plots in a real browser.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { makeReport, openReport, OUTPUT, startBrowser } from "./browser.mjs";
import { control, forestRows, weakestContrast } from "./page.mjs";

const TEAMS = ["billing", "sales", "technical"];

/** Twelve tickets in a hundred get better, four worse; those in Polish only get worse. */
function answered(number) {
    const team = TEAMS[number % TEAMS.length];
    const wrong = TEAMS[(number + 1) % TEAMS.length];
    const lang = number % 10 === 0 ? "pl" : ["de", "en", "fr"][number % 3];
    const was = number % 25 < 3 ? wrong : team;
    const isWorse = lang === "pl" && number % 20 === 0;
    const answers = { main: was, first: number % 50 === 11 ? wrong : was };
    answers.second = isWorse ? `${wrong} team` : team;
    if (number === 77) delete answers.second;
    return { id: `t-${number}`, input: `Ticket ${number}`, expected_output: team, lang, answers };
}

let browser;
before(async () => {
    browser = await startBrowser();
});
after(() => browser.close());

describe("report of gates with intervals and a baseline", () => {
    const team = { score: "team", confidence: 0.95 };
    const evaluators = [
        { name: "team", type: "exact_match", check: true },
        { name: "similar", type: "levenshtein" },
        { name: "label", type: "lua", code: "output", returns: "category" },
    ];
    const dataset = { id: "$.id" };
    const task = { recorded: "$.answers.main" };
    const spec = {
        experiment: "support-router",
        dataset,
        task,
        variants: ["first", "second"].map((name) => ({ name, recorded: `$.answers.${name}` })),
        evaluators,
        gates: [
            { ...team, min: 0.95 },
            { ...team, baseline: "main", max_drop: 0.02, variant: "second" },
            { ...team, versus: "first", min_gain: 0, slice: "metadata.lang", tier: "supporting" },
            { ...team, min: 0.5, slice: "metadata.lang", variant: "second" },
            { score: "similar", min: 2, tier: "advisory" },
            { measure: "error_rate", max: 0.01 },
        ],
        execution: { min_coverage: 0.9 },
    };
    let report;
    before(() => {
        const rows = Array.from({ length: 200 }, (_, i) => answered(i));
        const baseline = { experiment: "main", dataset, task, evaluators };
        report = makeReport(spec, rows, 1, { baseline });
    });
    after(() => report.remove());

    async function withReport(check, options) {
        const { page, troubles } = await openReport(browser, report.path, options);
        await check(page);
        assert.deepEqual(troubles, []);
        await page.context().close();
    }
    const panel = (page, title) =>
        page.locator(".panel", { has: page.getByRole("heading", { name: title, exact: true }) });

    test("each verdict has a line with its estimate, interval and threshold", () =>
        withReport(async (page) => {
            const rows = forestRows(page, "gates");
            const texts = await rows.allInnerTexts();
            // Gates on one number stand together, the gravest first.
            assert.match(texts[0], /^✗ FAIL\s+team >= 0\.95 first[\s\S]*99\.55 % Wilson\s+p /);
            const labels = await page
                .locator("#gates .forest-plot")
                .evaluateAll((plots) => plots.map((plot) => plot.getAttribute("aria-label")));
            assert.equal(labels.length, texts.length);
            assert.match(
                labels[0],
                /^FAIL: team 0\.\d+, 99\.55 % Wilson interval \[0\.\d+, 0\.\d+\], /,
            );
            assert.match(labels[0], /, threshold >= 0\.95$/);
            const difference = labels.find((label) => label.includes("change of team, points"));
            assert.match(difference, /change of team, points -?−?[\d.]+, 95 % Tango interval/);
            // A verdict is told by shape and word, not by colour alone.
            const shapes = (row) => row.locator(".forest-plot .dot").evaluate((dot) => dot.tagName);
            assert.equal(await shapes(rows.first()), "polygon");
            const advisory = rows.filter({ hasText: "similar >= 2" }).first();
            assert.match(await advisory.innerText(), /FAIL\s+advisory: changes nothing/);
            const axes = await page.locator("#gates .axis-title").allTextContents();
            assert.deepEqual(new Set(axes).size, axes.length);
            assert.ok(axes.includes("team") && axes.includes("change of team, points"));
        }));

    test("whisker, dot and threshold stand where the axis says", () =>
        withReport(async (page) => {
            const places = await page.evaluate(() => {
                const gate = {
                    form: "value",
                    score: "s",
                    measure: "",
                    category: "",
                    isShare: true,
                };
                const interval = { low: 0.4, high: 0.8, confidence: 0.95, method: "Wilson" };
                const verdict = { ...gate, observed: 0.6, threshold: 0.5, interval, op: ">=" };
                const scale = forestScale([{ ...verdict, status: "inconclusive" }]);
                const plot = forestPlot({ ...verdict, status: "inconclusive" }, scale);
                const at = (selector, name) =>
                    Number(plot.querySelector(selector).getAttribute(name));
                return {
                    whisker: [at(".whisker", "x1"), at(".whisker", "x2")],
                    dot: at(".dot", "cx"),
                    threshold: at(".threshold", "x1"),
                    holds: at(".holds", "x"),
                    ticks: scale.ticks.map((tick) => [tick, scale.x(tick)]),
                };
            });
            const [low, high] = places.whisker;
            const x = (value) => low + ((value - 0.4) / 0.4) * (high - low);
            const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-6, `${a} is not ${b}`);
            near(places.dot, x(0.6));
            near(places.threshold, x(0.5));
            near(places.holds, x(0.5));
            assert.ok(places.ticks.length >= 2);
            for (const [tick, place] of places.ticks) near(place, x(tick));
        }));

    test("no number seems to lie on the other side of its threshold", () =>
        withReport(async (page) => {
            const texts = await page.evaluate(() => {
                const team = { form: "value", measure: "", isShare: true, threshold: 0.85 };
                const drop = { ...team, form: "difference", threshold: -0.02 };
                const interval = { low: -0.0441, high: -0.0200001 };
                return [
                    gateDigits(team, 0.849996),
                    gateDigits(team, 0.85),
                    gateInterval({ ...team, interval: { low: 0.6, high: 0.84999 } }),
                    gateInterval({ ...drop, interval }),
                    gateDigits(drop, -0.07),
                ];
            });
            assert.deepEqual(texts, [
                "0.849996",
                "0.85",
                "[0.60000, 0.84999]",
                "[−4.41000, −2.00001]",
                "−7",
            ]);
        }));

    test("a gate by slice shows its worst slice and lists all of them", () =>
        withReport(async (page) => {
            const line = forestRows(page, "gates").filter({
                hasText: "first + 0 by metadata.lang",
            });
            assert.match(await line.innerText(), /second · worst of 4 slices: lang = pl/);
            const slices = panel(page, "team >= first + 0 by metadata.lang · second");
            const texts = await slices.locator("tbody tr:not(.axis-row)").allInnerTexts();
            assert.equal(texts.length, 4);
            assert.match(texts[0], /lang = pl[\s\S]*fell by/);
            assert.match(await line.getByRole("link").innerText(), /in \d of 4 slices/);
            const notes = await page.locator("#slices .note").allInnerTexts();
            assert.equal(notes.length, 1);
            assert.match(
                notes[0],
                /team of second rises over all items .* where metadata\.lang is pl/,
            );
        }));

    test("comparisons tell what changed and what else differs", () =>
        withReport(async (page) => {
            const reference = await page.locator("#comparisons .reference").innerText();
            assert.match(reference, /main \(run .*\) differs from this run/);
            const rows = await panel(page, "main → second").locator("tbody tr").allInnerTexts();
            assert.equal(rows.filter((text) => /^(team|similar|label)\s/.test(text)).length, 3);
            const cells = page
                .locator("table.comparisons tr", { hasText: "exact McNemar" })
                .last()
                .locator("td");
            assert.match((await cells.allInnerTexts()).join("|"), /\+0\.\d+\s+\[/);
            const plots = page.locator("#comparisons svg.chart");
            for (const label of await plots.evaluateAll((all) =>
                all.map((plot) => plot.getAttribute("aria-label")),
            )) {
                assert.match(label, /Paired differences of .*: \d+ regressed, \d+ unchanged, /);
            }
            const similar = panel(page, "main → second").locator("figure", { hasText: "similar" });
            assert.ok((await similar.locator("rect.change").count()) === 20);
        }));

    test("labels that became others are a table whose diagonal steps back", () =>
        withReport(async (page) => {
            const matrix = page.locator("#comparisons table.confusion").first();
            assert.match(await matrix.innerText(), /^label: main → first\s+main ↓ first →/);
            assert.equal(await matrix.locator("td.kept").count(), TEAMS.length);
            assert.ok((await matrix.locator("td.miss").count()) > 0);
            const note = page.locator("#comparisons figcaption").first();
            assert.match(await note.innerText(), /Stuart–Maxwell p [=<] .*Bowker p [=<] /);
        }));

    test("an item that changed leads to its unit whatever is filtered", () =>
        withReport(async (page) => {
            await control(page, "Search").fill("nothing like it");
            const lists = panel(page, "main → second").locator(".items");
            const regressed = lists.filter({ hasText: "items regressed" }).first();
            await regressed.locator("summary").press("Enter");
            await regressed.getByRole("link", { name: "t-20", exact: true }).press("Enter");
            const opened = page.locator("tr.unit:has(+ tr.opened)");
            assert.match(await opened.innerText(), /t-20[\s\S]*second/);
            const focused = await page.evaluate(() => document.activeElement.ariaLabel);
            assert.equal(focused, "Close t-20");
            const top = await opened.evaluate((row) => row.getBoundingClientRect().top);
            assert.ok(top >= 0 && top < 900, `${top} pixels from the top`);
        }));

    test("an item that newly failed is listed", () =>
        withReport(async (page) => {
            const figure = panel(page, "main → second").locator("figure").first();
            const failed = figure.locator(".items", { hasText: "1 item newly failed" });
            await failed.locator("summary").click();
            assert.equal(await failed.getByRole("link").innerText(), "t-77");
        }));

    test("on paper the lists of items are open", () =>
        withReport(async (page) => {
            await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
            const lists = page.locator("#comparisons .items[open] .item-ids");
            assert.ok((await lists.count()) > 0);
            for (const list of await lists.all()) assert.match(await list.innerText(), /t-\d+/);
        }));

    test("the score's interval and what can be detected stand in the summary", () =>
        withReport(async (page) => {
            const score = page.locator("table.variants td[data-label=team]").first();
            assert.match(await score.innerText(), /^0\.\d+ \[0\.\d+, 0\.\d+\]/);
            const remark = await page.locator("#variants .remark").first().innerText();
            assert.match(
                remark,
                /^Smallest difference with 80 % power at 95 % confidence .* in team/,
            );
        }));

    for (const width of [1280, 480, 390]) {
        for (const colorScheme of ["light", "dark"]) {
            test(`its plots fit ${width} pixels and are ${colorScheme}`, () =>
                withReport(
                    async (page) => {
                        const wide = await page.evaluate(
                            () => document.documentElement.scrollWidth,
                        );
                        assert.ok(wide <= width, `${wide} pixels wide`);
                        const contrast = await page.evaluate(weakestContrast);
                        assert.ok(contrast >= 4.5, `a contrast of ${contrast}`);
                        const path = join(OUTPUT, `gates-${width}-${colorScheme}.png`);
                        await page.screenshot({ path, fullPage: true });
                    },
                    { viewport: { width, height: 900 }, colorScheme },
                ));
        }
    }

    test("a cost without a price is counted as unknown", () =>
        withReport(async (page) => {
            const text = await page.evaluate(() => {
                const variants = [{ variant: "a", counts: [3, 1], mean: 0.0004, unknown: 2 }];
                const cost = { measure: "cost_usd", scale: "linear", edges: [0, 0.0005, 0.001] };
                const part = renderMeasures(
                    { variants: [{ name: "a" }] },
                    { measures: [{ ...cost, variants }] },
                );
                return part.querySelector("figure").textContent;
            });
            assert.match(
                text,
                /mean \$0\.0004.*4 units · mean \$0\.0004 · 2 without a known price/,
            );
        }));
});
