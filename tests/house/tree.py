"""The files of the repository as git knows them."""

import subprocess


def repository_files(root):
    """Return the relative names of the tracked files.

    Without git, in an unpacked archive, every file below ``root`` counts.
    """
    listing = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z"],
        capture_output=True,
        check=False,
        text=True,
    )
    if listing.returncode:
        return [
            path.relative_to(root).as_posix()
            for path in root.rglob("*")
            if path.is_file()
        ]
    names = filter(None, listing.stdout.split("\0"))
    # Deleted in the work tree and not yet committed: gone for our purposes.
    return [name for name in names if (root / name).is_file()]
