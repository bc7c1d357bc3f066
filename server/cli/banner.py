"""What the demo prints when it is ready: what to open and what to try."""

import shlex
from pathlib import Path

from server.settings import home


def banner(url: str, round_id: str, offer_id: str, password: str, logs: Path) -> str:
    """Text with the addresses and ready lines to paste, in whichever terminal."""
    place = home()
    here = "" if place == home({}) else f"HUIXIANG_HOME={shlex.quote(str(place))} "
    return f"""
惠享已启动（演示）。Ctrl-C 结束，数据保留。

  打开   {url}/console           办公页面：资金、结算、数据、审计
         {url}/docs              接口说明，可直接试用
         {url}/api/v1/rounds     现在的轮次
  账号   shangwu-1 等（{here}./scripts/huixiang staff list 列出全部），密码 {password}
  日志   {logs}

  试试   另开一个终端，在本目录粘贴：一位居民登录、实名，领取一张券

    curl -s {url}/api/v1/rounds/{round_id}/claims \\
      -H "Authorization: Bearer $({here}./scripts/huixiang token resident:1)" \\
      -H 'Content-Type: application/json' -d '{{"offer_id":"{offer_id}"}}'

         再试   {here}./scripts/huixiang simulate --residents 5000 --stock 500
                {here}./scripts/huixiang round list
                {here}./scripts/huixiang ledger check
"""
