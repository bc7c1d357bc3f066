"""Names for made-up people: none of them stands for anyone.

The named residents are chosen to be awkward where real names are: two and four characters, double
surnames, a middle dot, rare characters and one outside the Basic Multilingual Plane.
"""

from typing import Final

RESIDENTS: Final = tuple(
    """
    陈晓燕 王建国 李秀英 张伟 刘洋 赵敏 郭晋东 牛红梅 司马青山 欧阳静怡
    阿依古丽·买买提 段玉 靳向阳 秦丽娟 樊志强 申小蕾 原永胜 苗春花 成龙飞 贾文博
    卫兰芳 侯俊杰 常淑贞 焦裕明 郎文翰 宋丹枫 窦海涛 韩雪梅 祁连山 吉祥
    尉迟明远 和平 茹梦 闫喆 冯𬱖 邢媛媛 崔浩然 延军 吴桂兰 田原
    都灵 裴思远 毋丽 琚长治 马拉提·吐尔逊 霍庆丰 任盈 薛宝莲 柴静雯 关山月
    范淑萍 续红 时光荣 畅游 郜林 酒文涛 元清 李娜娜 程青山 杜鹃
    """.split(),
)
"""Sixty residents, `resident:0` to `resident:59`."""

CASHIERS: Final = tuple("宋掌柜 孙小店 何收银 高超市 林加油 梁酒店 谢饭馆 罗面馆".split())
"""Eight cashiers, `cashier:0` to `cashier:7`."""

SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN_FIRST: Final = (
    "建国文志晓小海玉春秀俊丽红永德明思雨浩子一佳欣梦天嘉宇泽诗雅家振庆向长立成桂凤"
)
GIVEN_LAST: Final = "华强军伟芳娟敏静杰磊涛超勇艳霞平刚辉英兰玲琴飞鹏宁洁婷琳博轩涵怡悦然睿哲晨阳雪"
