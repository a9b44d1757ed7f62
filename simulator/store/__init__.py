"""Run folders on disk: Parquet parts, then the manifest. No manifest, no run."""
