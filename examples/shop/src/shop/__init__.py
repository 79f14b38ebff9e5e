"""A shop: catalogue, stock, orders, payments, reviews and a search by meaning."""
