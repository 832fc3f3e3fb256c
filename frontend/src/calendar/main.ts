document.getElementById("calendar")?.setAttribute("data-ready", "");
