"""Names that FFmpeg would take for addresses: nothing goes over the network, and folders of such names are folders."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
import pytest

from img2img.media import Folder
from img2img.media.clip.opening import open_clip
from img2img.media.video import ClipInfo, VideoOptions
from img2img.media.video.encoding import Encoding, choose_encoding
from img2img.media.video.muxing import Contents, mux
from img2img.media.video.segments import SegmentEncoder
from img2img.translation.report import Item

from . import clips

PROTOCOLS = (
    "async", "cache", "concat", "concatf", "crypto", "data", "dtls", "fd", "ffrtmphttp", "file", "ftp", "gopher",
    "gophers", "http", "httpproxy", "https", "icecast", "ipfs", "ipns", "md5", "mmsh", "mmst", "pipe", "prompeg",
    "rtmp", "rtmpe", "rtmps", "rtmpt", "rtmpte", "rtmpts", "rtp", "rtsp", "sctp", "sftp", "smb", "srt", "srtp",
    "subfile", "tcp", "tee", "tls", "udp", "udplite", "unix", "zmq",
)  # fmt: skip
"""Every protocol of FFmpeg, those of this build among them."""
PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=a\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {1} RTP/AVP 96\n",
    "mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet><Representation '
    'id="a" bandwidth="1"><BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>',
    "smil": '<smil><body><video src="{}"/></body></smil>',
    "ram": "{}\n",
    "asx": '<asx version="3.0"><entry><ref href="{}"/></entry></asx>',
    "vobsub": "# VobSub index file, v7 (do not modify this line!)\nid: en, index: 0\n",
    "imf": '<?xml version="1.0"?><CompositionPlaylist><Id>{}</Id></CompositionPlaylist>',
}


class Ear:
    """Hears whether anybody connects, or sends anything, to a port of this machine."""

    def __init__(self) -> None:
        self.stream = socket.create_server(("127.0.0.1", 0))
        self.port = self.stream.getsockname()[1]
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(("127.0.0.1", self.port))
        for one in (self.stream, self.datagrams):
            one.setblocking(False)

    def heard(self) -> list[str]:
        found = []
        with suppress(BlockingIOError):
            self.stream.accept()[0].close()
            found.append("a connection")
        with suppress(BlockingIOError):
            self.datagrams.recv(1)
            found.append("a datagram")
        return found


@pytest.fixture
def ear() -> Iterator[Ear]:
    ear = Ear()
    yield ear
    ear.stream.close()
    ear.datagrams.close()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, so that names can be relative."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def segment(tmp_path_factory: pytest.TempPathFactory) -> tuple[Encoding, Path]:
    """Four frames that are encoded."""
    folder = tmp_path_factory.mktemp("segment")
    encoding = choose_encoding(".mp4", VideoOptions(codec="mpeg4"), ClipInfo(32, 32, Fraction(1, 1000), Fraction(25)))
    encoder = SegmentEncoder(encoding)
    for number in range(4):
        encoder.add(np.full((32, 32, 3), 60 * number, np.uint8), 40 * number, 40)
    encoder.write(Folder(folder), folder / "0.npz")
    return encoding, folder / "0.npz"


def test_the_ear_hears_what_ffmpeg_sends_to_an_address(ear: Ear) -> None:
    with pytest.raises(av.error.FFmpegError):
        av.open(f"http:/127.0.0.1:{ear.port}/film.mkv".replace(":/", "://"), "r", timeout=0.2)
    assert ear.heard() == ["a connection"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_folder_named_like_an_address_is_written_to_and_read_from(
    protocol: str, ear: Ear, here: Path, segment: tuple[Encoding, Path]
) -> None:
    folder = Path(f"{protocol}:/127.0.0.1:{ear.port}")
    folder.mkdir(parents=True)
    encoding, encoded = segment
    mux(Contents(encoding, [encoded]), Folder(folder), folder / "film.mp4")
    clip = open_clip(folder / "film.mp4")
    assert len(list(clip.frames())) == 4
    clip.close()
    assert ear.heard() == []
    assert [path.relative_to(here) for path in here.rglob("*.mp4")] == [folder / "film.mp4"]


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".webm", ".gif"])
@pytest.mark.parametrize("folder", ["http:/127.0.0.1:{}", "tcp:127.0.0.1:{}", "pipe:1", "subfile,,start,0,end,9,,:a"])
def test_clips_are_translated_in_and_into_such_folders(
    folder: str, suffix: str, ear: Ear, here: Path, translate: Callable[..., Item]
) -> None:
    place = Path(folder.format(ear.port))
    place.mkdir(parents=True)
    clips.write(here / place / "film.mkv", frames=3, size=(32, 32))
    target = place / "made" / f"film{suffix}"
    assert translate(place / "film.mkv", target).status == "done"
    assert (here / target).stat().st_size
    assert os.listdir(here / place / "made") == [f"film{suffix}"]  # noqa: PTH208
    assert ear.heard() == []


@pytest.mark.parametrize("suffix", [".mp4", ".ts", ".gif"])
@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("address", ["http://127.0.0.1:{}/a.ts", "tcp://127.0.0.1:{}", "secret.mkv", "file:secret.mkv"])
def test_a_playlist_of_any_kind_under_a_name_of_a_clip_opens_nothing(
    kind: str, suffix: str, address: str, ear: Ear, here: Path, translate: Callable[..., Item]
) -> None:
    clips.write(here / "secret.mkv", frames=3, size=(32, 32))
    (here / f"list{suffix}").write_text(PLAYLISTS[kind].format(address.format(ear.port), ear.port))
    item = translate(Path(f"list{suffix}"), Path("out.mkv"))
    assert item.status == "failed"
    assert not (here / "out.mkv").exists()
    assert ear.heard() == []
