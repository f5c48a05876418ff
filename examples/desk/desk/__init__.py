"""desk: a small contact centre in the browser, on ccroute. Customers chat, agents answer, supervisors watch."""

__version__ = "0.1.0"
