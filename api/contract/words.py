"""Words for what a camera sees and how it is measured, in Chinese: of overlays, drawn by workers, and of reports."""

from collections.abc import Mapping
from types import MappingProxyType

CLASSES: Mapping[str, str] = MappingProxyType(
    {
        "smoke": "烟",
        "fire": "火",
        "flame": "火焰",
        "steam": "水汽",
        "fume": "油烟",
        "dust": "扬尘",
        "person": "人员",
        "car": "汽车",
        "bus": "客车",
        "truck": "货车",
        "vehicle": "车辆",
        "motorcycle": "摩托车",
        "object": "新出现物体",
        "black": "黑屏",
        "glare": "过曝",
        "frozen": "画面冻结",
        "covered": "镜头遮挡",
        "blurred": "画面模糊",
        "moved": "镜头移位",
    }
)
CLOCKS: Mapping[str, str] = MappingProxyType(
    {"rtcp": "摄像机 RTCP 时间", "arrival": "到达时间（本机时钟）", "file": "录像文件时间"}
)
VALUES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "area_fraction": ("占画面面积", "{:.1%}"),
        "change_ratio": ("像素变化", "{:.1f} 倍噪声"),
        "most_change_ratio": ("最大像素变化", "{:.1f} 倍噪声"),
        "most_news": ("与平常画面不同", "占框 {:.0%}"),
        "support": ("平均置信度", "{:.2f}"),
        "over_limit_s": ("超限累计", "{:.0f} s"),
        "coloured_s": ("有色累计", "{:.0f} s"),
        "visible_s": ("可见排放累计", "{:.0f} s"),
        "observed_s": ("观察时长", "{:.0f} s"),
        "emission_frequency": ("可见排放占比", "{:.0%}"),
        "peak_grade": ("最高林格曼级", "{:.2f} 级"),
        "six_minute_mean": ("6 分钟均值", "最高 {:.1%}"),
    }
)
"""Names of further measured values, and how each is written."""


def spread_words(seconds: float) -> str:
    """Return by how much a time may be off: ``±0.05 s``, ``±24 小时（时刻不可靠）``."""
    if seconds < 60:
        return f"±{seconds:.2f} s"
    hours = seconds / 3600
    return f"±{seconds / 60:.0f} 分钟" if hours < 1 else f"±{hours:.0f} 小时（时刻不可靠）"


def value_words(name: str, value: float) -> tuple[str, str]:
    """Return name and format of a further measured value; unknown ones unchanged."""
    label, form = VALUES.get(name, (name, "{:.4g}"))
    return label, form.format(value)
