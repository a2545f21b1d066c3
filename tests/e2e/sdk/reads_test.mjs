// @langfuse/client 5.x: every read of the generated API (`api.*`) gives back what was written.
import assert from "node:assert/strict";
import {after, before, test} from "node:test";

import {LangfuseClient} from "@langfuse/client";

import {publicKey, secretKey, startServer} from "./server.mjs";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const at = "2026-01-02T03:04:05.000Z";
const end = "2026-01-02T03:04:07.000Z";
const since = {fromStartTime: "2026-01-01T00:00:00Z"};

let server;
let client;
let api;
let made;

before(async () => {
    server = await startServer();
    client = new LangfuseClient({publicKey, secretKey, baseUrl: server.baseUrl});
    api = client.api;
    made = await fill();
});

after(async () => {
    await client?.shutdown();
    await server?.stop();
});

/** Writes one of each, through the generated API as well. */
async function fill() {
    const event = (type, body) => ({id: `${type} ${body.id}`, timestamp: at, type, body});
    const {errors} = await api.ingestion.batch({
        batch: [
            event("trace-create", {
                id: "native",
                timestamp: at,
                name: "chat",
                sessionId: "s",
                environment: "staging",
            }),
            event("generation-create", {
                id: "native-g",
                traceId: "native",
                name: "answer",
                model: "m",
                startTime: at,
                endTime: end,
                environment: "staging",
                usageDetails: {input: 3, output: 4},
            }),
            event("score-create", {id: "sc", traceId: "native", name: "tone", value: 0.5}),
        ],
    });
    assert.deepEqual(errors, []);
    const text = (key, stringValue) => ({key, value: {stringValue}});
    const time = (text) => `${BigInt(Date.parse(text)) * 1000000n}`;
    const attributes = [
        text("langfuse.observation.type", "agent"),
        text("langfuse.observation.output", "done"),
        text("langfuse.experiment.id", "e1"),
        text("langfuse.experiment.name", "by spans"),
        text("langfuse.experiment.item.id", "outside"),
        text("langfuse.experiment.item.root_observation_id", spanId),
        text("langfuse.experiment.item.expected_output", '"right"'),
    ];
    await api.opentelemetry.exportTraces({
        resourceSpans: [
            {
                resource: {attributes: [text("service.name", "shop")]},
                scopeSpans: [
                    {
                        scope: {name: "langfuse-sdk", version: "5.11.1"},
                        spans: [
                            {
                                traceId,
                                spanId,
                                name: "work",
                                kind: 1,
                                startTimeUnixNano: time(at),
                                endTimeUnixNano: time(end),
                                attributes,
                                status: {},
                            },
                        ],
                    },
                ],
            },
        ],
    });
    const dataset = await api.datasets.create({name: "d", metadata: {k: 1}});
    const item = await api.datasetItems.create({
        datasetName: "d",
        id: "i",
        input: {q: 1},
        expectedOutput: "a",
        sourceTraceId: "native",
    });
    const linked = await api.datasetRunItems.create({
        runName: "r 1",
        datasetItemId: "i",
        traceId: "native",
        metadata: {by: "us"},
    });
    const model = await api.models.create({
        modelName: "house",
        matchPattern: "^house$",
        unit: "TOKENS",
        inputPrice: 0.5,
    });
    const config = await api.scoreConfigs.create({name: "quality", dataType: "BOOLEAN"});
    const prompt = await api.prompts.create({
        name: "folder/p",
        type: "text",
        prompt: "Hi {{name}}",
        labels: ["production"],
        tags: ["b", "a"],
    });
    return {dataset, item, linked, model, config, prompt};
}

const ids = ({data}) => data.map((one) => one.id);

test("traces, sessions and observations", async () => {
    assert.deepEqual(ids(await api.trace.list()).sort(), [traceId, "native"].sort());
    assert.deepEqual(ids(await api.trace.list({environment: ["staging"]})), ["native"]);
    assert.deepEqual(ids(await api.trace.list({sessionId: "s", fields: "core"})), ["native"]);
    const trace = await api.trace.get(traceId);
    assert.equal(trace.output, "done");
    assert.deepEqual(trace.metadata.resourceAttributes, {"service.name": "shop"});
    assert.deepEqual(ids(await api.sessions.list({environment: "staging"})), ["s"]);
    assert.deepEqual(
        (await api.sessions.get("s")).traces.map((t) => t.id),
        ["native"],
    );
    const v2 = await api.observations.getMany({type: "AGENT", fields: "core,basic,metrics"});
    assert.deepEqual(ids(v2), [spanId]);
    assert.equal(v2.data[0].latency, 2);
    const v1 = await api.legacy.observationsV1.getMany({type: "GENERATION"});
    assert.deepEqual(ids(v1), ["native-g"]);
    const one = await api.legacy.observationsV1.get("native-g");
    assert.deepEqual(one.usageDetails, {input: 3, output: 4, total: 7});
    assert.equal(one.environment, "staging");
});

test("scores and their configs", async () => {
    assert.deepEqual(ids(await api.scores.getMany({traceId: "native"})), ["sc"]);
    assert.equal((await api.scores.getById("sc")).value, 0.5);
    assert.deepEqual(ids(await api.scoresV3.getManyV3({name: "tone"})), ["sc"]);
    assert.deepEqual(ids(await api.scoreConfigs.get()), [made.config.id]);
    assert.deepEqual(
        (await api.scoreConfigs.getById(made.config.id)).categories.map((c) => c.value),
        [1, 0],
    );
});

test("datasets, their items and runs", async () => {
    assert.deepEqual(await api.datasets.get("d"), made.dataset);
    assert.deepEqual((await api.datasets.list()).data, [made.dataset]);
    assert.deepEqual(await api.datasetItems.get("i"), made.item);
    assert.deepEqual((await api.datasetItems.list({datasetName: "d"})).data, [made.item]);
    assert.deepEqual(ids(await api.datasetItems.list({sourceTraceId: "native"})), ["i"]);
    const then = new Date(Date.parse(made.item.createdAt) - 1000).toISOString();
    assert.deepEqual(ids(await api.datasetItems.list({datasetName: "d", version: then})), []);
    const run = await api.datasets.getRun("d", "r 1");
    assert.deepEqual(run.datasetRunItems, [made.linked]);
    assert.deepEqual(run.metadata, {by: "us"});
    assert.deepEqual(ids(await api.datasets.getRuns("d")), [run.id]);
    const listed = {datasetId: made.dataset.id, runName: "r 1"};
    assert.deepEqual((await api.datasetRunItems.list(listed)).data, [made.linked]);
});

test("experiments, whether runs or spans say them", async () => {
    const {data} = await api.experiments.list({...since, fields: "core,metadata"});
    const byName = Object.fromEntries(data.map((e) => [e.name, e]));
    assert.deepEqual(Object.keys(byName).sort(), ["by spans", "r 1"]);
    assert.equal(byName["r 1"].id, made.linked.datasetRunId);
    assert.equal(byName["r 1"].datasetId, made.dataset.id);
    assert.deepEqual(byName["r 1"].metadata, {by: "us"});
    assert.equal(byName["by spans"].itemCount, 1);
    const items = await api.experiments.listItems({
        ...since,
        experimentId: "e1",
        fields: "core,dataset,io",
    });
    assert.equal(items.data.length, 1);
    assert.equal(items.data[0].id, spanId);
    assert.equal(items.data[0].experimentItemId, "outside");
    assert.equal(items.data[0].output, "done");
    assert.equal(items.data[0].expectedOutput, "right");
});

test("prompts, models and projects", async () => {
    assert.deepEqual(await api.prompts.get("folder/p"), made.prompt);
    assert.deepEqual(made.prompt.tags, ["b", "a"]);
    const {data, meta} = await api.prompts.list({tag: "a", label: "production"});
    assert.deepEqual(
        data.map((p) => [p.name, p.versions]),
        [["folder/p", [1]]],
    );
    assert.equal(meta.limit, 10);
    assert.equal((await api.models.get(made.model.id)).prices.input.price, 0.5);
    assert.ok(ids(await api.models.list({limit: 100})).length > 1);
    assert.deepEqual(ids(await api.projects.get()), ["sdk"]);
});

test("what is deleted is not read any more", async () => {
    await api.datasetItems.delete("i");
    await assert.rejects(api.datasetItems.get("i"), {statusCode: 404});
    const version = made.item.updatedAt;
    assert.deepEqual(ids(await api.datasetItems.list({datasetName: "d", version})), []);
    // What was recorded of it stays.
    const run = await api.datasets.getRun("d", "r 1");
    assert.deepEqual(run.datasetRunItems, [made.linked]);
    await api.datasets.deleteRun("d", "r 1");
    await assert.rejects(api.datasets.getRun("d", "r 1"), {statusCode: 404});
    await api.prompts.delete("folder/p");
    await assert.rejects(api.prompts.get("folder/p"), {statusCode: 404});
    await api.trace.deleteMultiple({traceIds: ["native", traceId]});
    assert.deepEqual(ids(await api.trace.list()), []);
    assert.deepEqual(ids(await api.observations.getMany()), []);
});
