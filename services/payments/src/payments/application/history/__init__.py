"""What has happened: history and exports."""
