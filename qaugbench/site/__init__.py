"""The leaderboards as a site: files that a browser opens from a folder, without a server, a network or anything installed."""
