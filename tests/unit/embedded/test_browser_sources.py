from __future__ import annotations

from registre.embedded import chromium, debian, launcher


def test_ubuntus_stub_is_taken_for_a_snap_and_a_plain_wrapper_is_not(tmp_path):
    stub, wrapper = tmp_path / "stub", tmp_path / "wrapper"
    stub.write_text('#!/bin/sh\nexec /snap/bin/chromium "$@"\n')
    wrapper.write_text('#!/bin/sh\nexec /usr/lib/chromium/chromium "$@"\n')

    assert chromium._is_snap(stub)
    assert not chromium._is_snap(wrapper)


def test_the_line_that_names_the_fault_is_taken_from_a_page_of_advice():
    message = "BrowserType.launch: Target closed\n╔═══╗\n║ x: error while loading shared libraries: libnss3.so ║\n"

    assert chromium._gist(message) == "x: error while loading shared libraries: libnss3.so"
    assert chromium._gist("") == "sans explication"


def test_a_simulated_installation_yields_its_packages_without_the_c_library():
    simulation = (
        "NOTE: only a simulation\nInst libc6 [2.35] (2.36 Debian)\nInst libnss3 (2:3.87 Debian)\nConf libnss3 ()\n"
    )

    assert debian._packages(simulation) == {"libnss3"}


def test_a_launcher_survives_any_path(tmp_path):
    folder = tmp_path / "l'état & co"
    folder.mkdir()

    launcher.write(folder / "go", folder / "prog", libraries=(folder,), fonts=(folder,))

    assert "l'\"'\"'état & co/prog'" in (folder / "go").read_text()
    assert "&amp; co</dir>" in (folder / "go.fonts.conf").read_text()
