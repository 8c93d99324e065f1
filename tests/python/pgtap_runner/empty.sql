-- Nothing at all.

