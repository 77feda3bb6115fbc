// What pages get of Silverlight.js where there is no plug-in: the same decisions, written anew for the tests.
if (!window.Silverlight) window.Silverlight = {};
Silverlight.isInstalled = function (version) { return Boolean(navigator.plugins["Silverlight Plug-In"]); };
Silverlight.handlers = 0;
Silverlight.createObject = function (source, parent, id, properties, events, initParams, context) {
  var version = properties.version, html = properties.alt || "Get Microsoft Silverlight";
  if (Silverlight.isInstalled(version)) {
    html = '<object type="application/x-silverlight" data="data:application/x-silverlight," id="' + id + '" width="' + properties.width + '" height="' + properties.height + '">';
    var params = { source: source, initParams: initParams };
    for (var name in events) {
      (function (handler) {
        if (name == "onLoad" && handler.length != 1) {
          var given = handler;
          handler = function (sender) { return given(document.getElementById(id), context, sender); };
        }
        params[name] = "__slEvent" + Silverlight.handlers++;
        window[params[name]] = handler;
      })(events[name]);
    }
    for (var param in params) html += '<param name="' + param + '" value="' + params[param] + '" />';
    html += "</object>";
  }
  if (!parent) return html;
  parent.innerHTML = html;
};
Silverlight.createObjectEx = function (it) {
  return Silverlight.createObject(it.source, it.parentElement, it.id, it.properties, it.events, it.initParams, it.context);
};
