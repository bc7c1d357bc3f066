"""What the demo prints when it is ready: what to open and what to try."""

from pathlib import Path


def banner(url: str, round_id: str, offer_id: str, logs: Path) -> str:
    """Text with the addresses and ready lines to paste."""
    return f"""
惠享已启动（演示）。Ctrl-C 结束，数据保留。

  打开   {url}/docs              接口说明，可直接试用
         {url}/api/v1/rounds     现在的轮次
  日志   {logs}

  试试   另开一个终端，在本目录粘贴：一位居民登录、实名，领取一张券

    curl -s {url}/api/v1/rounds/{round_id}/claims \\
      -H "Authorization: Bearer $(./scripts/huixiang token resident:1)" \\
      -H 'Content-Type: application/json' -d '{{"offer_id":"{offer_id}"}}'

         再试   ./scripts/huixiang simulate --residents 5000 --stock 500
                ./scripts/huixiang round list
                ./scripts/huixiang ledger check
"""
