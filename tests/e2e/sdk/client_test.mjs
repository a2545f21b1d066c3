// @langfuse/client 5.x: prompts, datasets, scores, experiments and the generated API.
import assert from "node:assert/strict";
import {after, before, test} from "node:test";

import {LangfuseClient} from "@langfuse/client";
import {propagateAttributes, startActiveObservation, startObservation} from "@langfuse/tracing";

import {publicKey, secretKey, startServer, startTracing} from "./server.mjs";

let server;
let client;
let tracing;

before(async () => {
    server = await startServer();
    client = new LangfuseClient({publicKey, secretKey, baseUrl: server.baseUrl});
    tracing = startTracing(server);
});

after(async () => {
    await client?.shutdown();
    await tracing?.stop();
    await server?.stop();
});

const square = async ({input}) => {
    const generation = startObservation("model", {model: "m", input}, {asType: "generation"});
    const output = input.number ** 2;
    generation.update({output}).end();
    return output;
};
const exact = async ({output, expectedOutput}) => ({
    name: "exact",
    value: output === expectedOutput ? 1 : 0,
    comment: `${output} for ${expectedOutput}`,
});
const share = async ({itemResults}) => ({
    name: "share",
    value:
        itemResults.filter((r) => r.evaluations.some((e) => e.name === "exact" && e.value === 1))
            .length / itemResults.length,
});

test("prompts: create, get, label, delete", async () => {
    await client.prompt.create({
        name: "a/b",
        type: "chat",
        prompt: [{role: "system", content: "Be {{how}}"}],
        labels: ["production"],
        config: {temperature: 0},
        tags: ["t1"],
        commitMessage: "first",
    });
    await client.prompt.create({name: "a/b", type: "chat", prompt: [{role: "user", content: "2"}]});
    const prompt = await client.prompt.get("a/b", {type: "chat"});
    assert.equal(prompt.version, 1);
    assert.deepEqual(prompt.compile({how: "kind"}), [{role: "system", content: "Be kind"}]);
    await client.prompt.update({name: "a/b", version: 2, newLabels: ["staging"]});
    const staged = await client.prompt.get("a/b", {type: "chat", label: "staging"});
    assert.deepEqual([...staged.labels].sort(), ["latest", "staging"]);
    await client.prompt.delete("a/b");
    await assert.rejects(
        client.prompt.get("a/b", {type: "chat", cacheTtlSeconds: 0, maxRetries: 0}),
    );
});

test("prompts: cache, fallback and parts of others", async () => {
    const texts = {part: "Be kind.", whole: "@@@langfusePrompt:name=part|label=production@@@ Hi!"};
    for (const [name, prompt] of Object.entries(texts)) {
        await client.prompt.create({name, prompt, labels: ["production"]});
    }
    const whole = await client.prompt.get("whole");
    assert.equal(whole.prompt, "Be kind. Hi!");
    // Changed behind the client's back: what it has in its cache stays what it was.
    const changed = {name: "part", prompt: "Be brief.", labels: ["production"]};
    assert.equal((await server.ask("POST", "/api/public/v2/prompts", changed)).status, 201);
    assert.equal((await client.prompt.get("whole")).prompt, "Be kind. Hi!");
    const fresh = await client.prompt.get("whole", {cacheTtlSeconds: 0});
    assert.equal(fresh.prompt, "Be brief. Hi!");
    await assert.rejects(client.api.prompts.delete("part"), {statusCode: 400});

    const fallback = await client.prompt.get("none", {fallback: "else", maxRetries: 0});
    assert.deepEqual([fallback.prompt, fallback.isFallback], ["else", true]);
    const linked = startObservation("linked", {prompt: fresh}, {asType: "generation"});
    const alone = startObservation("alone", {prompt: fallback}, {asType: "generation"});
    for (const generation of [linked, alone]) generation.end();
    await tracing.flush();
    const [, {linked: first}] = await server.traceOf(linked.traceId);
    assert.deepEqual([first.promptName, first.promptVersion], ["whole", 1]);
    const {id} = (await server.ask("GET", "/api/public/v2/prompts/whole")).body;
    assert.equal(first.promptId, id);
    const [, {alone: second}] = await server.traceOf(alone.traceId);
    assert.deepEqual([second.promptName, second.promptId], [null, null]);
});

test("scores: queued ones arrive where they belong", async () => {
    let traceId;
    let spanId;
    await startActiveObservation("scored", async (span) => {
        traceId = span.traceId;
        spanId = span.id;
        client.score.activeTrace({name: "on trace", value: 0.5});
        client.score.activeObservation({name: "on span", value: "good", comment: "why"});
    });
    client.score.create({traceId, name: "flag", value: 1, dataType: "BOOLEAN"});
    await client.flush();
    await tracing.flush();
    const {data} = await client.api.scores.getMany({traceId});
    const byName = Object.fromEntries(data.map((s) => [s.name, s]));
    assert.equal(byName["on trace"].value, 0.5);
    assert.equal(byName["on span"].stringValue, "good");
    assert.equal(byName["on span"].observationId, spanId);
    assert.equal(byName.flag.stringValue, "True");
});

test("an experiment on local data", async () => {
    const result = await client.experiment.run({
        name: "local",
        data: [1, 2, 3].map((number) => ({input: {number}, expectedOutput: number ** 2})),
        task: square,
        evaluators: [exact],
        runEvaluators: [share],
    });
    assert.equal(result.itemResults.length, 3);
    assert.deepEqual(
        result.runEvaluations.map((e) => [e.name, e.value]),
        [["share", 1]],
    );
    await client.flush();
    await tracing.flush();
    for (const item of result.itemResults) {
        const trace = await server.get(`/api/public/traces/${item.traceId}`);
        assert.equal(trace.output, item.output);
        assert.deepEqual(
            trace.scores.map((s) => [s.name, s.value]),
            [["exact", 1]],
        );
        assert.equal(trace.environment, "sdk-experiment");
    }
});

test("an item whose task fails does not keep the others from a run", async () => {
    await client.api.datasets.create({name: "half"});
    for (const number of [1, 2]) {
        const item = {datasetName: "half", input: {number}, expectedOutput: number ** 2};
        await client.api.datasetItems.create(item);
    }
    const dataset = await client.dataset.get("half");
    const result = await dataset.runExperiment({
        name: "half",
        runName: "half fails",
        task: async (item) => {
            if (item.input.number === 2) throw new Error("not this one");
            return square(item);
        },
        evaluators: [exact],
    });
    await client.flush();
    await tracing.flush();
    assert.deepEqual(
        result.itemResults.map((r) => r.output),
        [1],
    );
    const run = await client.api.datasets.getRun("half", "half fails");
    const done = run.datasetRunItems.find((i) => i.traceId === result.itemResults[0].traceId);
    const trace = await server.get(`/api/public/traces/${done.traceId}`);
    assert.deepEqual(
        trace.scores.map((s) => [s.name, s.value]),
        [["exact", 1]],
    );
});

test("an experiment on a stored dataset is a run of it", async () => {
    const name = "numbers / 100%?";
    await client.api.datasets.create({name, description: "Numbers"});
    for (const number of [1, 2, 3, 4]) {
        await client.api.datasetItems.create({
            datasetName: name,
            input: {number},
            expectedOutput: number ** 2,
            metadata: {even: number % 2 === 0},
        });
    }
    const dataset = await client.dataset.get(name);
    assert.equal(dataset.items.length, 4);
    const result = await dataset.runExperiment({
        name: "squares",
        runName: "squares: 1",
        description: "Are they right?",
        metadata: {model: "m"},
        task: square,
        evaluators: [exact],
        runEvaluators: [share],
        maxConcurrency: 4,
    });
    await client.flush();
    await tracing.flush();
    assert.equal(result.datasetRunId.length > 0, true);
    const run = await client.api.datasets.getRun(name, "squares: 1");
    assert.equal(run.id, result.datasetRunId);
    assert.equal(run.description, "Are they right?");
    assert.equal(run.datasetRunItems.length, 4);
    const traceIds = result.itemResults.map((r) => r.traceId).sort();
    assert.deepEqual(run.datasetRunItems.map((i) => i.traceId).sort(), traceIds);
    const {data: scores} = await client.api.scores.getMany({datasetRunId: result.datasetRunId});
    assert.deepEqual(
        scores.map((s) => [s.name, s.value]),
        [["share", 1]],
    );
    assert.equal(
        result.datasetRunUrl,
        `${server.baseUrl}/project/sdk/datasets/${dataset.id}/runs/${run.id}`,
    );
    const {data: experiments} = await server.get(
        "/api/public/experiments?fromStartTime=2020-01-01T00:00:00Z",
    );
    const found = experiments.find((e) => e.id === result.datasetRunId);
    assert.equal(found.itemCount, 4);
});

test("the generated API: projects, models, configs, health", async () => {
    const {data: projects} = await client.api.projects.get();
    assert.deepEqual(
        projects.map((p) => p.id),
        ["sdk"],
    );
    const model = await client.api.models.create({
        modelName: "house-model",
        matchPattern: "(?i)^house-model$",
        unit: "TOKENS",
        inputPrice: 0.001,
        outputPrice: 0.002,
    });
    const observation = startObservation(
        "priced",
        {model: "House-Model", usageDetails: {input: 10, output: 5}},
        {asType: "generation"},
    );
    observation.end();
    await tracing.flush();
    const trace = await server.get(`/api/public/traces/${observation.traceId}`);
    assert.equal(trace.observations[0].modelId, model.id);
    assert.equal(trace.observations[0].calculatedTotalCost, 0.02);
    const config = await client.api.scoreConfigs.create({
        name: "quality",
        dataType: "NUMERIC",
        minValue: 0,
        maxValue: 10,
    });
    assert.equal((await client.api.scoreConfigs.getById(config.id)).maxValue, 10);
    const health = await client.api.health.health();
    assert.equal(health.status, "OK");
});

test("a dataset as it was, its items linked by hand, its run deleted", async () => {
    const name = "versions of numbers";
    await client.api.datasets.create({name});
    const item = {datasetName: name, id: "first", metadata: {kind: "n"}};
    const before = await client.api.datasetItems.create({...item, input: {number: 1}});
    // An instant that is before the next change: times have milliseconds.
    let after = before;
    while (after.updatedAt === before.updatedAt) {
        after = await client.api.datasetItems.create({...item, input: {number: 2}});
    }
    await client.api.datasetItems.create({datasetName: name, id: "second", input: {number: 3}});
    const then = await client.dataset.get(name, {version: before.updatedAt});
    assert.deepEqual(
        then.items.map((i) => [i.id, i.input]),
        [["first", {number: 1}]],
    );
    const now = await client.dataset.get(name, {fetchItemsPageSize: 1});
    assert.deepEqual(
        now.items.map((i) => [i.id, i.input, i.metadata]),
        [
            ["second", {number: 3}, null],
            ["first", {number: 2}, {kind: "n"}],
        ],
    );

    const span = startObservation("by hand", {input: now.items[0].input});
    span.update({output: 9}).end();
    await tracing.flush();
    const runArgs = {description: "By hand", metadata: {by: "us"}};
    const linked = await now.items[0].link({otelSpan: span.otelSpan}, "a run", runArgs);
    const run = await client.api.datasets.getRun(name, "a run");
    assert.equal(run.description, "By hand");
    assert.deepEqual(run.metadata, {by: "us"});
    assert.deepEqual(run.datasetRunItems, [linked]);
    assert.equal(linked.datasetItemId, "second");
    assert.equal(linked.traceId, span.traceId);
    assert.equal(linked.observationId, span.id);
    const {data: runs} = await client.api.datasets.getRuns(name);
    assert.deepEqual(
        runs.map((r) => r.name),
        ["a run"],
    );
    await client.api.datasets.deleteRun(name, "a run");
    await assert.rejects(client.api.datasets.getRun(name, "a run"), {statusCode: 404});
    await client.api.datasetItems.delete("second");
    assert.equal((await client.dataset.get(name)).items.length, 1);
});

test("a trace is found by every read of the generated API until it is deleted", async () => {
    let spanId;
    const traceId = await propagateAttributes(
        {userId: "user-7", sessionId: "session-7", tags: ["read"], traceName: "found"},
        () =>
            startActiveObservation("outer", (outer) => {
                const model = startObservation("model", {model: "m"}, {asType: "generation"});
                model.update({output: {text: "It is 42"}}).end();
                spanId = model.id;
                return outer.traceId;
            }),
    );
    client.score.create({traceId, observationId: spanId, name: "tone", value: "kind"});
    await client.flush();
    await tracing.flush();

    const {data: traces} = await client.api.trace.list({userId: "user-7", tags: ["read"]});
    assert.deepEqual(
        traces.map((t) => [t.id, t.name, t.sessionId]),
        [[traceId, "found", "session-7"]],
    );
    const fields = "core,basic,io,trace_context";
    const page = await client.api.observations.getMany({traceId, type: "GENERATION", fields});
    assert.equal(page.data.length, 1);
    assert.equal(page.data[0].id, spanId);
    assert.equal(page.data[0].userId, "user-7");
    assert.equal(page.data[0].traceName, "found");
    assert.deepEqual(page.data[0].tags, ["read"]);
    assert.equal(page.data[0].output, '{"text":"It is 42"}');
    const session = await client.api.sessions.get("session-7");
    assert.deepEqual(
        session.traces.map((t) => t.id),
        [traceId],
    );
    const scores = await client.api.scoresV3.getManyV3({traceId, fields: "subject"});
    assert.deepEqual(
        scores.data.map((s) => [s.name, s.value, s.subject]),
        [["tone", "kind", {kind: "observation", id: spanId, traceId}]],
    );
    assert.equal(
        await client.getTraceUrl(traceId),
        `${server.baseUrl}/project/sdk/traces/${traceId}`,
    );

    await client.api.trace.delete(traceId);
    await assert.rejects(client.api.trace.get(traceId), {statusCode: 404});
    assert.deepEqual((await client.api.observations.getMany({traceId})).data, []);
    assert.deepEqual((await client.api.scoresV3.getManyV3({traceId})).data, []);
});

test("the generated API's refusals carry the status and the body", async () => {
    const wanted = [
        () => client.api.trace.get("no-trace"),
        () => client.api.datasets.get("no-dataset"),
        () => client.api.datasetItems.get("no-item"),
        () => client.api.scoreConfigs.getById("no-config"),
        () => client.api.models.get("no-model"),
        () => client.api.prompts.get("no-prompt"),
        () => client.dataset.get("no-dataset"),
        () => client.api.media.get("no-media"),
    ];
    for (const call of wanted) {
        await assert.rejects(call, (error) => {
            assert.equal(error.statusCode, 404, String(error));
            assert.equal(error.body.error, "LangfuseNotFoundError");
            return true;
        });
    }
    await assert.rejects(client.api.scoreConfigs.create({name: "c", dataType: "COLOUR"}), {
        statusCode: 400,
    });
});
