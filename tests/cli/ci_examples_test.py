"""examples/ci: the workflow, the action and the GitLab file do what they say, step by step.

Every shell step runs in a repository of its own, on a small model of the runner: expressions,
outputs, caches, the actions that are used. Only what leaves the machine, or would change it, is
replaced by a stub on the PATH: curl answers as the two comment APIs do.
"""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import unittest
from pathlib import Path

from assay_process import PROGRAM, SOURCE, ProcessTestCase

try:
    import yaml
except ImportError:
    yaml = None

CI = SOURCE / "examples/ci"
ACTION = CI / "action"
MARKER = "<!-- assay -->"
ARCHIVE = "https://example.org/assay.tar.gz"

# Answers as the APIs of GitHub and GitLab do, out of a file; keeps every request.
CURL = r'''#!{python}
import json, os, sys
state_path = os.environ["STUB_STATE"]
state = json.load(open(state_path))
arguments = sys.argv[1:]
def value(name):
    return arguments[arguments.index(name) + 1] if name in arguments else None
url = next(a for a in arguments if a.startswith("https://"))
if url == "{archive}":
    sys.stdout.buffer.write(open(os.environ["STUB_ARCHIVE"], "rb").read())
    sys.exit(0)
header = sys.stdin.read() if value("--config") == "-" else ""
method = value("--request") or "GET"
request = {{"method": method, "url": url, "header": header.strip()}}
data = value("--data-binary")
if data:
    request["body"] = json.load(open(data[1:]))["body"]
state["requests"].append(request)
comments = state["comments"]
answer, code = {{}}, 0
if state.get("refuse"):
    answer, code = {{"message": "Resource not accessible by integration"}}, 22
elif method == "GET":
    page = int(url.rpartition("page=")[2])
    answer = comments[(page - 1) * 100:page * 100]
elif method == "POST":
    answer = {{"id": 1000 + len(comments), "body": request["body"], "user": {{"type": "Bot"}},
              "author": {{"bot": True}}}}
    comments.append(answer)
else:
    answer = next(c for c in comments if str(c["id"]) == url.rpartition("/")[2])
    answer["body"] = request["body"]
json.dump(state, open(state_path, "w"))
open(value("--output"), "w").write(json.dumps(answer))
sys.exit(code)
'''

# Installs a program that calls the one under test; building it again would take minutes.
CMAKE = '''#!/bin/sh
echo "$*" >> "$STUB_FOLDER/cmake.log"
[ "$1" = --install ] || exit 0
mkdir -p "$4/bin"
printf '#!/bin/sh\\nexec "{program}" "$@"\\n' > "$4/bin/assay"
chmod +x "$4/bin/assay"
'''


def lookup(contexts, path):
    value = contexts
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            raise AssertionError(f"${{{{ {path} }}}} is not known here")
        value = value[name]
    return value


class Runner:
    """As much of GitHub's runner as the examples use; another expression or action is an error."""

    def __init__(self, test, caches, event_name="pull_request", version=None):
        self.test, self.caches = test, caches
        self.workspace = test.folder / "work"
        self.environment = test.environment(test.runner_environment(self.workspace))
        self.contexts = {
            "github": {"token": "ghs_secret", "event_name": event_name, "run_id": "77",
                       "run_attempt": "1", "ref": "refs/pull/5/merge",
                       "event": {"pull_request": {"number": "5"}}},
            "vars": {"ASSAY_REPOSITORY": "owner/assay", "ASSAY_ARCHIVE": version or ""},
            "secrets": {"OPENAI_API_KEY": ""},
        }
        self.failed = False
        self.path = []
        self.exit_code = None
        self.used = []
        self.artifact = self.sarif = None
        self.saved = []

    def evaluate(self, expression, contexts):
        names = {"always": lambda: True, "hashFiles": self.hash_files,
                 "look": lambda path: lookup(contexts, path)}
        python = re.sub(r"'[^']*'|\b[a-z]+(?:\.[\w-]+)+",
                        lambda m: m[0] if m[0][0] == "'" else f'look("{m[0]}")', expression)
        python = python.replace("&&", " and ").replace("||", " or ")
        return eval(python, {"__builtins__": {}}, names)  # noqa: S307 (our own files)

    def hash_files(self, pattern):
        return "x" if list(self.workspace.glob(pattern)) else ""

    def expand(self, text, contexts):
        return re.sub(r"\$\{\{\s*(.*?)\s*\}\}",
                      lambda m: str(self.evaluate(m[1], contexts) or ""), str(text))

    def run_steps(self, steps, contexts, environment, action_path=None):
        contexts = {**contexts, "steps": {}}
        for step in steps:
            condition = str(step.get("if", "success"))
            if self.failed and "always()" not in condition:
                continue
            if condition != "success" and not self.evaluate(condition, contexts):
                continue
            own = {**environment, **{name: self.expand(value, contexts)
                                     for name, value in step.get("env", {}).items()}}
            inputs = {name: self.expand(value, contexts)
                      for name, value in step.get("with", {}).items()}
            if "uses" in step:
                self.use(step["uses"], inputs, own)
            else:
                outputs = self.shell(step["run"], own, action_path)
                contexts["steps"][step.get("id", "")] = {"outputs": outputs}
        return contexts

    def shell(self, script, environment, action_path):
        files = {name: self.workspace / f".runner-{name}" for name in ("OUTPUT", "PATH")}
        for path in files.values():
            path.write_text("")
        environment = {**environment, **{f"GITHUB_{n}": str(p) for n, p in files.items()},
                       "PATH": os.pathsep.join([*self.path, environment["PATH"]])}
        if action_path:
            environment["GITHUB_ACTION_PATH"] = str(action_path)
        ended = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
                               cwd=self.workspace, env=environment, capture_output=True,
                               text=True, timeout=120, stdin=subprocess.DEVNULL)
        self.test.log += ended.stdout + ended.stderr
        self.failed |= ended.returncode != 0
        self.path = files["PATH"].read_text().split() + self.path
        return dict(line.split("=", 1) for line in files["OUTPUT"].read_text().splitlines())

    def use(self, name, inputs, environment):
        self.used.append(name)
        if name == "actions/checkout@v4":
            if "repository" in inputs:
                self.test.assertEqual(inputs["repository"], "owner/assay")
                shutil.copytree(self.test.source, self.workspace / inputs["path"])
        elif name == "actions/cache@v4":
            self.restore(inputs)
        elif name == "actions/upload-artifact@v4":
            self.artifact = sorted(p.name for p in (self.workspace / inputs["path"]).glob("*"))
        elif name == "github/codeql-action/upload-sarif@v3":
            self.sarif = json.loads((self.workspace / inputs["sarif_file"]).read_text())
        elif name.startswith("./"):
            self.use_action(self.workspace / name, inputs, environment)
        else:
            self.test.fail(f"the action {name} is not known here")

    def use_action(self, folder, inputs, environment):
        action = yaml.safe_load((folder / "action.yml").read_text())
        self.test.assertEqual(set(inputs) - set(action["inputs"]), set())
        given = {name: inputs.get(name, self.expand(declared["default"], self.contexts))
                 for name, declared in action["inputs"].items()}
        contexts = self.run_steps(action["runs"]["steps"], {**self.contexts, "inputs": given},
                                  {**self.environment, **environment}, folder)
        for output in action["outputs"].values():
            self.exit_code = int(self.expand(output["value"], contexts))

    def restore(self, inputs):
        """Restores at once; save() keeps what is there at the end, unless the key was found."""
        path, key = self.workspace / inputs["path"], inputs["key"]
        kept = key if key in self.caches else next(
            (k for k in reversed(self.caches) if k.startswith(inputs.get("restore-keys", "\0"))),
            None)
        if kept:
            shutil.copytree(self.caches[kept], path, dirs_exist_ok=True)
        if kept != key:
            self.saved.append((key, path))

    def save(self):
        for number, (key, path) in enumerate(self.saved):
            if path.exists():
                kept = self.test.folder / "caches" / f"{len(self.caches)}-{number}"
                shutil.copytree(path, kept)
                self.caches[key] = kept


class CiExamples(ProcessTestCase):
    def setUp(self):
        super().setUp()
        if yaml is None or shutil.which("jq") is None:
            self.skipTest("needs jq and the Python module yaml (python3-yaml)")
        self.log = ""
        self.source = self.folder / "source"  # of what the repository holds as much as is read
        shutil.copytree(CI, self.source / "examples/ci")
        shutil.copytree(SOURCE / "cmake", self.source / "cmake")
        self.write("source/core/base/text.cpp", "// assay\n")
        self.state = self.write("state.json", json.dumps({"requests": [], "comments": []}))
        stubs = {"curl": CURL.format(python=sys.executable, archive=ARCHIVE),
                 "cmake": CMAKE.format(program=PROGRAM),
                 "dpkg-query": "#!/bin/sh\necho installed\n",
                 "apt-get": "#!/bin/sh\n",
                 "sysctl": '#!/bin/sh\necho "$*" >> "$STUB_FOLDER/sysctl.log"\n',
                 "sudo": '#!/bin/sh\nexec "$@"\n',
                 "git": '#!/bin/sh\nfor target; do :; done\n'
                        f'mkdir -p "$(dirname "$target")" && cp -r "{self.source}" "$target"\n'}
        for name, text in stubs.items():
            path = self.write(f"stubs/{name}", text)
            path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def runner_environment(self, workspace):
        return {"GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_WORKSPACE": str(workspace),
                "GITHUB_API_URL": "https://api.example.org", "GITHUB_REPOSITORY": "me/mine",
                "GITHUB_SERVER_URL": "https://example.org", "GITHUB_RUN_ID": "77",
                "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"), **self.stub_environment()}

    def stub_environment(self):
        return {"STUB_STATE": str(self.state), "STUB_FOLDER": str(self.folder),
                "STUB_ARCHIVE": str(self.folder / "assay.tar.gz"),
                "PATH": f"{self.folder / 'stubs'}{os.pathsep}{os.environ['PATH']}"}

    def repository(self, gate="exact_match >= 0.7"):
        """A fresh checkout of a repository with a spec, as every job begins with."""
        work = self.folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        (work / ".git").mkdir(parents=True)
        self.assertEqual(self.assay("init", work).exit_code, 0)
        spec = (work / "reviews.eval.yaml").read_text()
        gates = spec[spec.index("gates:"):].partition("\n\n")[0]
        (work / "spec.eval.yaml").write_text(spec.replace(gates, f'gates: ["{gate}"]'))
        return work

    def comments(self):
        return json.loads(self.state.read_text())["comments"]

    def requests(self):
        return json.loads(self.state.read_text())["requests"]

    def installs(self):
        return (self.folder / "cmake.log").read_text().count("--install")

    def refuse(self):
        self.state.write_text(json.dumps({"requests": [], "comments": [], "refuse": True}))

    def workflow(self, caches=None, **options):
        """Runs the job of the workflow."""
        runner = Runner(self, {} if caches is None else caches, **options)
        workflow = yaml.safe_load((CI / "github-actions.yml").read_text())
        runner.run_steps(workflow["jobs"]["eval"]["steps"], runner.contexts, runner.environment)
        runner.save()
        return runner

    def test_a_pull_request_that_passes(self):
        self.repository()
        job = self.workflow()
        self.assertFalse(job.failed, self.log)
        self.assertEqual(job.exit_code, 0)
        self.assertEqual(job.artifact, ["badge.svg", "codequality.json", "comment.md",
                                        "gates.sarif", "junit.xml", "report.html"])
        self.assertEqual(job.sarif["runs"][0]["results"], [])
        [comment] = self.comments()
        self.assertTrue(comment["body"].startswith(f"{MARKER}\n### ✅ PASSED"))
        self.assertIn("PASSED", (self.folder / "summary.md").read_text())
        self.assertIn("There is no baselines/main.json yet", self.log)

    def test_a_gate_that_fails_fails_the_job_after_its_comment(self):
        self.repository("exact_match >= 0.99")
        job = self.workflow()
        self.assertTrue(job.failed)
        self.assertEqual(job.exit_code, 1)
        self.assertIn("FAILED", self.comments()[0]["body"])
        [place] = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
                   for result in job.sarif["runs"][0]["results"]}
        self.assertEqual(place, "spec.eval.yaml")
        self.assertRegex(self.log, r"::error file=spec\.eval\.yaml,line=\d+,col=\d+::exact_match")
        self.assertIn("report.html", job.artifact)

    def test_there_is_one_comment_and_the_build_is_kept(self):
        caches = {}
        for gate in ("exact_match >= 0.99", "exact_match >= 0.7"):
            self.repository(gate)
            self.workflow(caches)
        [comment] = self.comments()
        self.assertIn("PASSED", comment["body"])
        self.assertEqual([r["method"] for r in self.requests()],
                         ["GET", "POST", "GET", "PATCH"])
        self.assertEqual({r["header"] for r in self.requests()},
                         {'header = "Authorization: Bearer ghs_secret"'})
        self.assertEqual(self.installs(), 1, self.log)
        self.write("source/core/base/text.cpp", "// another version of assay\n")
        self.repository()
        self.workflow(caches)
        self.assertEqual(self.installs(), 2, self.log)

    def test_comments_of_people_are_left_alone(self):
        people = [{"id": n, "body": f"{MARKER}\nmine", "user": {"type": "User"}}
                  for n in range(100)]
        bot = {"id": 500, "body": f"{MARKER}\nold", "user": {"type": "Bot"}}
        self.state.write_text(json.dumps({"requests": [], "comments": [*people, bot]}))
        self.repository()
        self.workflow()
        self.assertEqual([c["body"] for c in self.comments()[:100]], [f"{MARKER}\nmine"] * 100)
        self.assertIn("PASSED", self.comments()[100]["body"])
        self.assertEqual(len(self.comments()), 101)

    def test_a_comment_that_is_refused_is_a_warning(self):
        self.refuse()
        self.repository()
        job = self.workflow()
        self.assertFalse(job.failed, self.log)
        self.assertIn("::warning::assay's comment could not be written", self.log)
        self.assertIn("Resource not accessible", self.log)

    def test_a_spec_with_a_mistake_replaces_the_old_result(self):
        caches = {}
        self.repository()
        self.workflow(caches)
        work = self.repository()
        (work / "spec.eval.yaml").write_text("experiment: broken\n")
        job = self.workflow(caches)
        self.assertEqual(job.exit_code, 2)
        [comment] = self.comments()
        self.assertIn("assay gave no result", comment["body"])
        self.assertIn("https://example.org/me/mine/actions/runs/77", comment["body"])
        self.assertNotIn("PASSED", comment["body"])
        self.assertIsNone(job.sarif)

    def test_a_push_is_not_commented(self):
        self.repository()
        job = self.workflow(event_name="push")
        self.assertFalse(job.failed, self.log)
        self.assertEqual(self.requests(), [])

    def test_an_archive_is_fetched_instead_of_a_build(self):
        self.write_archive()
        self.repository()
        job = self.workflow(version=ARCHIVE)
        self.assertFalse(job.failed, self.log)
        self.assertFalse((self.folder / "cmake.log").exists())

    def write_archive(self):
        program = self.write("installed/bin/assay", f'#!/bin/sh\nexec "{PROGRAM}" "$@"\n')
        program.chmod(0o755)
        with tarfile.open(self.folder / "assay.tar.gz", "w:gz") as archive:
            archive.add(self.folder / "installed", arcname=".")

    def test_the_sandbox_is_allowed_where_ubuntu_forbids_it(self):
        action = yaml.safe_load((ACTION / "action.yml").read_text())
        [step] = [s for s in action["runs"]["steps"] if s.get("name") == "Allow the sandbox"]
        setting = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
        script = step["run"].replace("/proc/sys/", f"{self.folder}/sys/")
        self.write("sys/kernel/" + setting.name, "1\n")
        for expected, script in ((True, script), (setting.exists(), step["run"])):
            (self.folder / "sysctl.log").unlink(missing_ok=True)
            subprocess.run(["bash", "-eo", "pipefail", "-c", script], check=True,
                           env=self.environment(self.stub_environment()))
            self.assertEqual((self.folder / "sysctl.log").exists(), expected)
            if expected:
                self.assertEqual((self.folder / "sysctl.log").read_text(),
                                 f"-w kernel.{setting.name}=0\n")

    def gitlab(self, **environment):
        """Runs the job of the GitLab file; its exit code and what it printed."""
        job = yaml.safe_load((CI / "gitlab-ci.yml").read_text())["eval"]
        variables = {
            "CI": "true", "GITLAB_CI": "true", "CI_API_V4_URL": "https://lab.example.org/api/v4",
            "CI_PROJECT_ID": "9", "CI_MERGE_REQUEST_IID": "5", "ASSAY_TOKEN": "glpat-secret",
            "CI_JOB_URL": "https://lab.example.org/me/mine/-/jobs/3",
            "ASSAY_REPOSITORY": "https://example.org/assay.git",
            **job["variables"], **self.stub_environment(), **environment}
        script = "\n".join(["set -eo pipefail", *job["before_script"], *job["script"]])
        ended = subprocess.run(["bash", "-c", script], cwd=self.folder / "work", text=True,
                               env=self.environment(variables), capture_output=True, timeout=120)
        for path in (*job["artifacts"]["paths"], *job["artifacts"]["reports"].values()):
            self.assertTrue((self.folder / "work" / path).exists(), ended.stderr)
        return ended.returncode, ended.stdout + ended.stderr

    def test_gitlab(self):
        work = self.repository("exact_match >= 0.99")
        code, log = self.gitlab()
        self.assertEqual(code, 1, log)
        [comment] = self.comments()
        self.assertTrue(comment["body"].startswith(f"{MARKER}\n### ❌ FAILED"))
        post = self.requests()[-1]
        self.assertEqual(post["url"],
                         "https://lab.example.org/api/v4/projects/9/merge_requests/5/notes")
        self.assertEqual(post["header"], 'header = "PRIVATE-TOKEN: glpat-secret"')
        issues = json.loads((work / "results/codequality.json").read_text())
        self.assertEqual({issue["location"]["path"] for issue in issues}, {"spec.eval.yaml"})

        spec = work / "spec.eval.yaml"
        spec.write_text(spec.read_text().replace("0.99", "0.7"))
        code, log = self.gitlab()
        self.assertEqual(code, 0, log)
        self.assertEqual(self.requests()[-1]["method"], "PUT")
        self.assertIn("PASSED", self.comments()[0]["body"])
        self.assertEqual(self.installs(), 1, "the second job takes the build from the cache")

    def test_gitlab_without_a_token_or_a_merge_request(self):
        self.repository()
        for missing in ("ASSAY_TOKEN", "CI_MERGE_REQUEST_IID"):
            code, log = self.gitlab(**{missing: ""})
            self.assertEqual(code, 0, log)
        self.assertEqual(self.requests(), [])

    def test_arguments_may_stand_on_lines_of_their_own(self):
        self.repository()
        environment = {**self.runner_environment(self.folder / "work"),
                       "ASSAY_ARGUMENTS": "--limit 4\n--run-name  nightly\n"}
        stub = self.write("stubs/assay", '#!/bin/sh\nprintf "%s\\n" "$@"\n')
        stub.chmod(0o755)
        ended = subprocess.run([ACTION / "run.sh"], cwd=self.folder / "work", text=True,
                               env=self.environment(environment), capture_output=True)
        self.assertEqual(ended.stdout.splitlines()[-4:],
                         ["--limit", "4", "--run-name", "nightly"])


if __name__ == "__main__":
    unittest.main()
