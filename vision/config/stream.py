"""Stream section: how streams are read and watched, for all cameras or for one."""

from pydantic import Field

from streams.camera import Hwaccel, Pace, StreamSettings, Transport, WatchPolicy
from vision.config.section import Section


class StreamConfig(Section):
    """How streams are read; a camera's own table overrides single keys."""

    transport: Transport = Field(
        Transport.TCP,
        description="RTP transport for RTSP. `udp` has less delay and smears the picture when packets are lost.",
    )
    open_timeout_s: float = Field(
        10.0,
        gt=0,
        le=120,
        description="Seconds to wait for a stream to open. On-demand gateways need 3-10 s: less never opens them; more "
        "keeps a dead camera unnoticed.",
    )
    read_timeout_s: float = Field(
        10.0,
        gt=0,
        le=120,
        description="Seconds of silence after which a stream counts as lost. Too short: reconnects at every hiccup. "
        "Too "
        "long: blind without saying so.",
    )
    backoff_max_s: float = Field(
        30.0,
        gt=0,
        le=600,
        description="Longest pause in seconds between attempts to reconnect. Short: a dead gateway is hammered. "
        "Long: a "
        "camera that is back is picked up late.",
    )
    analysis_fps: float = Field(
        2.0,
        gt=0,
        le=30,
        description="Pictures a second handed to the detector in focus. 2 is what the rules were measured at; more "
        "costs CPU in proportion, below 1 confirmation takes longer than 10 s.",
    )
    watch: WatchPolicy = Field(
        WatchPolicy.AUTO,
        description="`auto`: patrol (key frames alone are decoded) with focus (everything is, at `analysis_fps`) while "
        "something shows, and for good where key frames are further apart than `patrol_limit_s`. `patrol`: key frames "
        "alone, whatever shows: cheapest, confirms late. `focus`: always everything, at about ten times the CPU.",
    )
    patrol_interval_s: float = Field(
        2.0,
        gt=0,
        le=60,
        description="On patrol at most one key frame in so many seconds is decoded. Shorter helps only where they come "
        "as often, and costs CPU. Longer: what is there for less time is never seen.",
    )
    patrol_limit_s: float = Field(
        5.0,
        gt=0,
        le=600,
        description="Seconds between key frames beyond which `auto` stays in focus: encoders that save bits (smart "
        "codecs) send one in 10 s or more. Better to set the encoder to 2 s. Longer: such cameras are looked at as "
        "rarely.",
    )
    hwaccel: Hwaccel = Field(
        Hwaccel.NONE,
        description="Device that decodes: `cuda` (NVDEC), `vaapi`, `auto` for the first there is. Where it cannot, the "
        "processor does, and the camera's state says why.",
    )
    ring_s: float = Field(
        45.0,
        gt=0,
        le=3600,
        description="Seconds of encoded stream kept in memory for evidence: 22 MB at 4 Mbit/s. Must hold pre-roll, "
        "confirmation and post-roll; less cuts the pre-roll of what took long to confirm short (and the package says "
        "so), more only costs memory.",
    )
    ring_max_bytes: int = Field(
        96 * 1024 * 1024,
        ge=1024 * 1024,
        description="Upper bound of that memory in bytes, whatever the bit rate. Too small: the pre-roll is cut short "
        "(and the package says so). Whatever it holds, a clip shows at most 384 MiB, those around the confirmation: a "
        "package takes no more.",
    )
    pace: Pace = Field(
        Pace.REALTIME, description="For files only: at their own speed like a camera, or as fast as can be analysed."
    )
    loop: bool = Field(False, description="For files only: start again at the end, as a new epoch.")  # noqa: FBT003

    def settings(self, overrides: "StreamConfig") -> StreamSettings:
        """Return these settings with every key that `overrides` sets explicitly replaced."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        values.update({name: getattr(overrides, name) for name in overrides.model_fields_set})
        return StreamSettings(**values)
