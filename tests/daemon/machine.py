"""machine.py - this machine's root under an overlay: what is installed or broken there is gone when the script ends.

The script gets a mount namespace of its own, so that nothing it mounts outlives it or is seen by others.
"""
import ctypes
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import fixture

CLONE_NEWNS = 0x00020000


def run(*command, check=True, **more):
    result = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if check and result.returncode != 0:
        raise AssertionError("%s: exit %d\n%s" % (" ".join(map(str, command)), result.returncode, result.stdout))
    return result


def need(program):
    if not shutil.which(program):
        raise unittest.SkipTest("not run: no %s" % program)


def build_packages(folder):
    """cpack into `folder`; {package name: path of its .deb}."""
    need("cpack")
    run("cpack", "--config", fixture.BUILD / "CPackConfig.cmake", "-B", folder, cwd=fixture.BUILD)
    return {path.name.split("_")[0]: path for path in sorted(Path(folder).glob("*.deb"))}


def later_version(deb, folder, version, change=lambda tree: None):
    """The same package as a later version, after `change` has been at its unpacked tree."""
    tree = Path(tempfile.mkdtemp(dir=folder))
    run("dpkg-deb", "-R", deb, tree)
    control = tree / "DEBIAN" / "control"
    now = re.search(r"^Version: (.*)$", control.read_text(), re.M)[1]
    control.write_text(control.read_text().replace("Version: " + now, "Version: " + version).replace("(= %s)" % now, "(= %s)" % version))
    change(tree)
    path = Path(folder) / deb.name.replace("_%s_" % now, "_%s_" % version)
    run("dpkg-deb", "--root-owner-group", "-b", tree, path)
    shutil.rmtree(tree)
    return path


def own_mounts():
    """From now on what this script mounts is seen by nobody else, and gone when it ends."""
    if os.geteuid() != 0:
        raise unittest.SkipTest("not run: only root may mount")
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        raise unittest.SkipTest("not run: no mount namespace of its own")
    if run("mount", "--make-rprivate", "/", check=False).returncode != 0:
        raise unittest.SkipTest("not run: in a chroot that is no mount of its own, mounts cannot be kept from others")


class Root:
    """The overlay; `path` is its top."""

    def __init__(self):
        own_mounts()
        self.folder = Path(tempfile.mkdtemp(prefix="referrald-root."))
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", self.folder)
        self.path = self.folder / "root"
        for name in ("root", "upper", "work"):
            (self.folder / name).mkdir()
        mounted = run("mount", "-t", "overlay", "overlay", "-o", "lowerdir=/,upperdir=%s/upper,workdir=%s/work" % (self.folder, self.folder),
                      self.path, check=False)
        if mounted.returncode != 0:
            self.close()
            raise unittest.SkipTest("not run: no overlay: " + mounted.stdout.strip())

    def mount_devices(self):
        """What programs in a chroot expect; a booted root brings its own."""
        run("mount", "-t", "proc", "proc", self.path / "proc")
        run("mount", "--bind", "/dev", self.path / "dev")

    def inside(self, *command, **more):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        return run("chroot", self.path, *command, env=environment, **more)

    def take(self, *files):
        """Copies files to the root's /packages; their paths inside."""
        (self.path / "packages").mkdir(exist_ok=True)
        return ["/packages/" + shutil.copy(f, self.path / "packages").rsplit("/", 1)[1] for f in map(str, files)]

    def close(self):
        run("umount", "-R", "-l", self.folder, check=False)
        self.folder.rmdir()
