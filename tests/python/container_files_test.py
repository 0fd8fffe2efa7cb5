"""The files of cluster/ for containers are whole, name what is there, and agree with each other. None is built here.

    python3 tests/python/container_files_test.py      the part about mpijob.yaml is left out without PyYAML, and of that
                                                      the schema, mpijob_schema.json, without jsonschema
"""

import copy
import fnmatch
import json
import pathlib
import re
import shlex
import subprocess
import unittest

try:
    import yaml
except ImportError:
    yaml = None
try:
    import jsonschema
except ImportError:
    jsonschema = None

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLUSTER = ROOT / "cluster"
PREFIX = "/opt/fer_dist_train"
PROJECT = "/project"  # in the first stage
SECTIONS = {"arguments", "environment", "files", "help", "labels", "post", "pre", "runscript", "setup", "startscript",
            "test"}


def instructions(path: pathlib.Path) -> list[tuple[str, str]]:
    """Of a Containerfile, in order; lines that go on are joined."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(word, " ".join(rest.split())) for word, rest in (line.split(None, 1) for line in text.splitlines() if line)]


def definition(path: pathlib.Path) -> list[tuple[dict[str, str], dict[str, list[str]]]]:
    """The stages of an Apptainer definition: the header, and the lines of each section, named as in `files from build`."""
    stages: list[tuple[dict[str, str], dict[str, list[str]]]] = []
    lines: list[str] | None = None
    for line in path.read_text().splitlines():
        if line.startswith("Bootstrap:"):
            stages.append(({}, {}))
            lines = None
        if line.startswith("%"):
            lines = stages[-1][1].setdefault(line[1:].strip(), [])
        elif not line.strip() or line.lstrip().startswith("#"):
            continue
        elif lines is None:
            key, value = line.split(":", 1)
            stages[-1][0][key] = value.strip()
        else:
            lines.append(line.strip())
    return stages


def packages(shell: str) -> set[str]:
    """What apt-get is to install."""
    (names,) = re.findall(r"apt-get install ([^&\n]*)", shell)
    return {name for name in names.split() if not name.startswith("-")}


class Containerfile(unittest.TestCase):
    def setUp(self) -> None:
        self.instructions = instructions(CLUSTER / "Containerfile")

    def test_instructions(self) -> None:
        words = [word for word, _ in self.instructions]
        self.assertEqual(words[0], "FROM")
        self.assertLessEqual(set(words), {"COPY", "ENV", "FROM", "RUN", "USER", "WORKDIR"})
        self.assertEqual([rest for word, rest in self.instructions if word == "FROM"], ["debian:12 AS build", "debian:12"])

    def test_the_first_stage_builds_what_the_second_copies(self) -> None:
        self.assertIn(("COPY", f". {PROJECT}"), self.instructions)
        self.assertIn(("RUN", f"{PROJECT}/cluster/container_build.sh {PREFIX}"), self.instructions)
        self.assertIn(("COPY", f"--from=build {PREFIX} {PREFIX}"), self.instructions)

    def test_open_mpi_is_set_as_elsewhere(self) -> None:
        set_elsewhere = dict(re.findall(r'export (OMPI_MCA_\w+)="\$\{\1:-(\w+)\}"', (ROOT / "launch/env.sh").read_text()))
        (variables,) = [rest for word, rest in self.instructions if word == "ENV" and "OMPI_MCA" in rest]
        variables = dict(variable.split("=") for variable in variables.split())
        self.assertLessEqual(variables.items(), set_elsewhere.items())
        self.assertEqual({name for name in set_elsewhere if "keepalive" in name} - variables.keys(), set())

    def test_commands_are_whole(self) -> None:
        for word, rest in self.instructions:
            if word == "RUN":
                done = subprocess.run(["sh", "-n", "-c", rest], capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""), rest)
                shlex.split(rest)

    def test_what_a_build_needs_is_not_left_out(self) -> None:
        patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
        self.assertIn(".venv*", patterns)
        for name in ("CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md", "cluster", "launch", "src", "tests"):
            self.assertTrue((ROOT / name).exists(), name)
            self.assertEqual([pattern for pattern in patterns if fnmatch.fnmatch(name, pattern)], [], name)


class ContainerBuild(unittest.TestCase):
    def test_it_is_a_script_of_what_is_there(self) -> None:
        script = CLUSTER / "container_build.sh"
        self.assertTrue(script.stat().st_mode & 0o100, "not executable")
        self.assertEqual(subprocess.run(["bash", "-n", script], capture_output=True, text=True).stderr, "")
        functions = set(re.findall(r"^(\w+)\(\) ", (ROOT / "launch/setup.sh").read_text(), re.MULTILINE))
        self.assertLess({"install_packages", "install_libtorch", "say", "compilers_at_once"}, functions)
        self.assertIn("FER_BUNDLE=ON", script.read_text())


class Apptainer(unittest.TestCase):
    def setUp(self) -> None:
        self.stages = definition(CLUSTER / "apptainer.def")

    def test_stages_and_sections(self) -> None:
        self.assertEqual([header["Stage"] for header, _ in self.stages], ["build", "final"])
        for header, sections in self.stages:
            self.assertEqual((header["Bootstrap"], header["From"]), ("docker", "debian:12"))
            self.assertLessEqual({name.split()[0] for name in sections}, SECTIONS)
            self.assertTrue(all(sections.values()), "an empty section")
        _, final = self.stages[-1]
        self.assertLessEqual({"environment", "help", "labels", "post", "runscript", "test"}, set(final))

    def test_copied_paths_are_there(self) -> None:
        (_, build), (_, final) = self.stages
        copied = dict(line.split() for line in build["files"])
        for source, target in copied.items():
            self.assertTrue((ROOT / source).exists(), source)
            self.assertEqual(target, f"{PROJECT}/{source}")
        self.assertEqual(build["post"], [f"{PROJECT}/cluster/container_build.sh {PREFIX}"])
        self.assertEqual(final["files from build"], [f"{PREFIX} {PREFIX}"])
        # What CMakeLists.txt includes, adds and installs.
        project = (ROOT / "CMakeLists.txt").read_text() + (ROOT / "src/cmake/FerInstall.cmake").read_text()
        for name in re.findall(r"add_subdirectory\((\w+)\)|\b((?:launch|cluster)/[\w./-]+|README\.md|LICENSE)", project):
            self.assertTrue(any(map(copied.__contains__, "".join(name).split("/")[:1])), name)

    def test_scripts_are_whole(self) -> None:
        for _, sections in self.stages:
            for name in sections.keys() & {"post", "environment", "runscript", "test"}:
                done = subprocess.run(["sh", "-n"], input="\n".join(sections[name]), capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""), name)

    def test_it_has_the_packages_of_the_image(self) -> None:
        (run,) = [rest for word, rest in instructions(CLUSTER / "Containerfile") if word == "RUN" and "apt-get" in rest]
        # The operator's workers are reached by ssh, those of a cluster by its own launcher.
        self.assertEqual(packages("\n".join(self.stages[1][1]["post"])), packages(run) - {"openssh-server"})

    def test_its_version_is_the_projects(self) -> None:
        version = re.search(r"VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text().split("project(")[1])[1]
        self.assertIn(f"Version {version}", self.stages[-1][1]["labels"])


@unittest.skipIf(yaml is None, "there is no PyYAML here")
class MpiJob(unittest.TestCase):
    def setUp(self) -> None:
        self.job = yaml.safe_load((CLUSTER / "mpijob.yaml").read_text())
        self.replicas = self.job["spec"]["mpiReplicaSpecs"]
        self.image = (CLUSTER / "Containerfile").read_text()

    def pods(self) -> list[dict]:
        return [replica["template"]["spec"] for replica in self.replicas.values()]

    def test_what_it_is(self) -> None:
        self.assertEqual((self.job["apiVersion"], self.job["kind"]), ("kubeflow.org/v2beta1", "MPIJob"))
        self.assertRegex(self.job["metadata"]["name"], r"^[a-z]([-a-z0-9]*[a-z0-9])?$")
        self.assertEqual(list(self.replicas), ["Launcher", "Worker"])
        self.assertEqual(self.replicas["Launcher"]["replicas"], 1)
        self.assertIn(self.job["spec"]["runPolicy"]["cleanPodPolicy"], ("All", "None", "Running"))

    @unittest.skipIf(not hasattr(jsonschema, "Draft202012Validator"), "there is no jsonschema, or an old one, here")
    def test_it_fits_the_operators_schema(self) -> None:
        schema = json.loads(pathlib.Path(__file__).with_name("mpijob_schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)

        def errors(job: dict) -> list[str]:
            return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(job)]

        self.assertEqual(errors(self.job), [])
        worker = "spec mpiReplicaSpecs Worker"
        pod = f"{worker} template spec"
        container = f"{pod} containers 0"
        for change, value in (
            ("kind", "MPIJobs"), ("apiVersion", "kubeflow.org/v1"), ("metadata label", {}), ("spec", None),
            ("specs", {}), ("spec slotPerWorker", 4), ("spec slotsPerWorker", "4"), ("spec slotsPerWorker", 2 ** 31),
            ("spec cleanPodPolicy", "Running"), ("spec runPolicy cleanPodPolicy", "running"),
            ("spec runPolicy backoffLimit", -1), ("spec mpiImplementation", "Open MPI"), ("spec sshAuthMountPath", 1),
            ("spec mpiReplicaSpecs", None), ("spec mpiReplicaSpecs Workers", {}),
            ("spec mpiReplicaSpecs Launcher", None), ("spec mpiReplicaSpecs Launcher replicas", 2),
            (f"{worker} replicas", "2"), (f"{worker} restartPolicy", "Always"), (f"{worker} template pod", {}),
            (f"{pod} containers", None), (f"{pod} containers", []), (f"{pod} nodeSelector", {"gpus": 4}),
            (f"{pod} hostIpc", True), (f"{pod} hostIPC", "yes"), (f"{pod} securityContext user", 1000),
            (f"{container} name", None), (f"{container} volumes", []), (f"{container} command", "sshd"),
            (f"{container} args", ["--threads", 1]), (f"{container} env", [{"name": "LEVEL", "value": 1}]),
            (f"{container} resources limit", {}), (f"{container} resources limits memory", "4 GB"),
            (f"{container} resources limits cpu", 0.5), (f"{container} volumeMounts 0 path", "/shared"),
            (f"{pod} volumes 0 name", None), (f"{pod} volumes 0 persistentVolumeClaim claimName", None),
            (f"{pod} volumes 1 emptyDir size", "1Gi"), (f"{pod} volumes 1 emptyDir sizeLimit", "1GB"),
        ):
            with self.subTest(change=change, value=value):
                job = copy.deepcopy(self.job)
                *way, key = change.split()
                within = job
                for step in way:
                    within = within[int(step) if isinstance(within, list) else step]
                if value is None:
                    del within[key]
                else:
                    within[key] = value
                found = errors(job)
                self.assertEqual(len(found), 1, found)
                self.assertIn(key, found[0])

    def test_containers(self) -> None:
        (launcher,), (worker,) = (pod["containers"] for pod in self.pods())
        self.assertEqual(launcher["image"], worker["image"])
        self.assertEqual(launcher["command"], ["mpirun"])
        self.assertEqual(launcher["args"][0], f"{PREFIX}/bin/fer_dist_train")
        self.assertEqual(worker["command"], ["/usr/sbin/sshd"])
        for container in (launcher, worker):
            self.assertTrue(all(isinstance(word, str) for word in container["args"]), container["args"])
            self.assertEqual(set(container["resources"]), {"requests", "limits"})
        self.assertEqual(int(worker["resources"]["limits"]["cpu"]), self.job["spec"]["slotsPerWorker"])
        self.assertTrue(all(variable["value"] == str(variable["value"]) for variable in launcher["env"]))

    def test_what_is_mounted_is_there(self) -> None:
        for pod in self.pods():
            self.assertEqual({mount["name"] for container in pod["containers"] for mount in container["volumeMounts"]},
                             {volume["name"] for volume in pod["volumes"]})
        mounted = {mount["mountPath"] for pod in self.pods() for mount in pod["containers"][0]["volumeMounts"]}
        self.assertLessEqual({"/shared", "/dev/shm"}, mounted)
        options = dict(word.split("=") for word in self.pods()[0]["containers"][0]["args"][1:])
        for name in ("--dataset", "--out"):
            self.assertTrue(options[name].startswith("/shared/"), options)
        self.assertTrue((ROOT / f"launch/recipes/{options['--recipe']}.ini").is_file(), options)

    def test_it_fits_the_image(self) -> None:
        for pod in self.pods():
            self.assertIn(f"--uid {pod['securityContext']['runAsUser']} ", self.image)
        keys = self.job["spec"]["sshAuthMountPath"]
        self.assertIn(f"HostKey {keys}/id_rsa", self.image)
        self.assertIn(self.pods()[1]["containers"][0]["args"][-1], self.image)
        ports = set(re.findall(r"'Port (\d+)'", self.image))
        self.assertEqual(len(ports), 1, "server and client use one port")
        self.assertGreater(int(*ports), 1023, "only root may listen below")


if __name__ == "__main__":
    unittest.main()
